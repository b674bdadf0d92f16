import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { completeHome, portOffsetOf } from '../../lib/home/completion.ts'
import { homeRecordPath, initializeHome } from '../../lib/home/home.ts'
import { makeHome, runBin, type TestHome } from '../support/appliance.ts'

let at: TestHome
beforeEach(async () => {
  at = await makeHome()
})
afterEach(async () => {
  await runBin('castellan', ['stop', '--home', at.home.root])
  await rm(at.home.root, { recursive: true, force: true })
})

const castellan = (command: string, ...args: string[]) =>
  runBin('castellan', [command, '--home', at.home.root, ...args])
const conf = (file: string): string => join(at.home.conf, file)
const remove = async (...files: string[]): Promise<void> => {
  for (const file of files) await rm(conf(file))
}
const offset = (): number => at.snmpPort - 1161

test('a home from before new files came is completed at the start, one notice a file, and then serves', async () => {
  writeFileSync(conf('agent/host.cnf'), '# changed by a person\n')
  await remove('agent/schedule.cnf', 'sipd/sipd.conf', 'subagents/scripts.cnf')

  const checked = await castellan('check')
  assert.equal(checked.code, 1)
  for (const file of ['agent/schedule.cnf', 'sipd/sipd.conf', 'subagents/scripts.cnf']) {
    const sentence = `${conf(file)} is missing; run: castellan init --home ${at.home.root}\n`
    assert.equal(checked.out.split(sentence).length, 2, `once, of ${file}: ${checked.out}`)
  }
  assert.doesNotMatch(checked.out, /ENOENT/)

  const started = await castellan('start', '--detach')
  assert.equal(started.code, 0, started.err)
  const made = started.out.split('\n').filter((line) => line.startsWith('made '))
  assert.deepEqual(
    made.sort(),
    ['agent/schedule.cnf', 'sipd/sipd.conf', 'subagents/scripts.cnf'].map(
      (file) => `made ${conf(file)}, which ${at.home.root} did not have yet`,
    ),
  )
  assert.match(started.out, new RegExp(`sipd +up +udp and tcp 127\\.0\\.0\\.1:${at.sipPort}\\n`))
  assert.match(readFileSync(conf('sipd/sipd.conf'), 'utf8'), new RegExp(`^Listen 127\\.0\\.0\\.1:${at.sipPort}$`, 'm'))
  assert.equal(readFileSync(conf('agent/host.cnf'), 'utf8'), '# changed by a person\n')
  assert.deepEqual(await castellan('check'), { code: 0, out: 'all configuration files are good\n', err: '' })
})

test('a home that does not remember its port offset has it by its own lines, where these agree', async () => {
  await rm(homeRecordPath(at.home))
  assert.equal(await portOffsetOf(at.home), offset())
  await remove('sipd/sipd.conf')
  assert.deepEqual(await completeHome(at.home), { made: [conf('sipd/sipd.conf')], missing: [] })
  assert.match(readFileSync(conf('sipd/sipd.conf'), 'utf8'), new RegExp(`^Listen 127\\.0\\.0\\.1:${at.sipPort}$`, 'm'))

  const snmpd = readFileSync(conf('agent/snmpd.cnf'), 'utf8')
  writeFileSync(
    conf('agent/snmpd.cnf'),
    snmpd.replace(`snmpListenEntry 127.0.0.1:${at.snmpPort}`, 'snmpListenEntry 127.0.0.1:161'),
  )
  assert.equal(await portOffsetOf(at.home), undefined)
})

test('where the port offset cannot be known only files without ports are made, and the command for the rest is named', async () => {
  await rm(homeRecordPath(at.home))
  await remove('agent/host.cnf', 'agent/snmpd.cnf', 'sipd/sipd.conf', 'console/console.cnf')
  const advice = `castellan init --home ${at.home.root} --port-offset N`
  const checked = await castellan('check')
  assert.equal(checked.code, 1)
  assert.ok(checked.out.includes(`${conf('sipd/sipd.conf')} is missing; it holds ports`), checked.out)
  const completed = await castellan('init')
  assert.equal(completed.code, 1)
  assert.equal(completed.out, `made ${conf('agent/host.cnf')}\n`)
  assert.deepEqual(
    completed.err
      .trim()
      .split('\n')
      .map((line) => [line.includes('snmpd.cnf is missing'), line.endsWith(advice)])
      .sort(),
    [
      [false, true],
      [false, true],
      [true, true],
    ],
  )
  assert.equal(existsSync(conf('sipd/sipd.conf')), false)

  const told = await castellan('init', '--port-offset', String(offset()))
  assert.equal(told.code, 0, told.err)
  assert.match(
    readFileSync(conf('agent/snmpd.cnf'), 'utf8'),
    new RegExp(`^snmpListenEntry 127\\.0\\.0\\.1:${at.snmpPort}$`, 'm'),
  )
  assert.equal(await portOffsetOf(at.home), offset())
})

test('init does not mix two port offsets in one home', async () => {
  await remove('sipd/sipd.conf')
  const other = await castellan('init', '--port-offset', String(offset() + 1))
  assert.equal(other.code, 1)
  assert.match(other.err, new RegExp(`are shifted by ${offset()}, not by ${offset() + 1}; leave --port-offset out`))
  assert.equal(existsSync(conf('sipd/sipd.conf')), false)
  assert.deepEqual(await initializeHome(at.home, offset()), [conf('sipd/sipd.conf')])
})

test('a file that one can do without is named by check, and is no fault', async () => {
  await remove('sipd/persistent_tcp.conf')
  const { code, out } = await castellan('check')
  assert.deepEqual(
    [code, out],
    [
      0,
      `${conf('sipd/persistent_tcp.conf')} is missing; run: castellan init --home ${at.home.root}\nall configuration files are good; 1 warning\n`,
    ],
  )
})

import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, logPath, makeHome, runBin, showGuarded, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const entry = '.1.3.6.1.4.1.32473.12.40.2.1'
const traps = '.1.3.6.1.4.1.32473.12.40.3.0'
let appliance: Appliance
let daemon: TrapDaemon

describe('log files, with Net-SNMP', needs('snmpset', 'snmptrapd'), () => {
  const log = (name: string): string => logPath(appliance.at.home, name)
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { conf } = appliance.at.home
    const cnf = join(conf, 'subagents', 'logagt.cnf')
    const watched = `siLogEntry 3 watched ${log('watched')} "^error \\\\d" no 0 0 0 - yes 0 100 - yes 10 no csps active\n`
    writeFileSync(cnf, `${readFileSync(cnf, 'utf8')}${watched}siLogMaxNotifications 3\n`)
    writeFileSync(join(conf, 'subagents', 'critagt.cnf'), '')
    writeFileSync(log('watched'), '')
    for (const name of ['error_log', 'access_log']) writeFileSync(log(name), `${name} begins\n`)
    showGuarded(appliance.at, 'siLogLastMatch')
    daemon = new TrapDaemon(appliance.at.trapPort)
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await appliance.stop()
    await daemon.stop()
  })

  const trap = (number: number): RegExp => new RegExp(`${traps.replaceAll('.', '\\.')}\\.${number}\\s`)
  const get = async (column: number, row: number): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, `${entry}.${column}.${row}`])).out.trim()
  const set = (...what: string[]) => netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, ...what])
  const matches = (): Promise<string> => get(8, 3)

  test("the ancestor's getone of siLogSize.1 and siLogSize.2 answer with the sizes of error_log and access_log", async () => {
    await until(async () => (await get(11, 2)) !== '0', 5000, 'the first poll')
    const ask = (name: string) => runBin('getone', ['-v2c', appliance.at.snmp, 'cspsAdmin', name])
    assert.equal((await ask('siLogSize.1')).out, 'siLogSize.1 = 17\n')
    assert.equal((await ask('siLogSize.2')).out, 'siLogSize.2 = 18\n')
    assert.equal((await ask('siLogMaxSize.1')).out, 'siLogMaxSize.1 = 5000000\n')
  })

  test('a line that matches and a file that is too large reach a real snmptrapd, with the whole line', async () => {
    await until(async () => (await get(25, 3)) === '1', 5000, 'the first poll')
    appendFileSync(log('watched'), 'error 1: the whole line\n')
    assert.match(await daemon.saw(trap(1)), /\.26\.3 = STRING: "error 1: the whole line"/)
    appendFileSync(log('watched'), `${'x'.repeat(100)}\n`)
    assert.equal((await set(`${entry}.16.3`, 'i', '1')).code, 0, 'siLogPollNow')
    assert.match(await daemon.saw(trap(2)), /watched has 1\d\d octets, more than 100/)
    writeFileSync(log('watched'), '')
    assert.equal((await set(`${entry}.16.3`, 'i', '1', `${entry}.5.3`, 'i', '1')).code, 0, 'and siLogResetMatches')
    await daemon.saw(trap(3))
    assert.deepEqual([await get(16, 3), await get(5, 3), await matches()], ['2', '2', '0'])
  })

  test('a kill -9 of the subagents in the midst of it: every line is counted once', async () => {
    const before = Number(await matches())
    let written = 0
    const write = (): void => {
      for (let i = 0; i < 20; i++) appendFileSync(log('watched'), `error ${written++}\n`)
    }
    const writing = setInterval(write, 20)
    try {
      await until(async () => Number(await matches()) > before + 100, 8000, 'the first lines')
      await appliance.stopDaemon('subagents', 'SIGKILL')
      await until(() => written > 1500, 8000, 'lines that nobody watches')
      assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
      await until(async () => Number(await matches()) > before + 1600, 8000, 'the lines after it')
      await appliance.stopDaemon('subagents')
      assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    } finally {
      clearInterval(writing)
    }
    await until(async () => Number(await matches()) >= before + written, 8000, 'all lines')
    assert.equal(Number(await matches()), before + written)
  })

  test('siLogRotateNow renames a file that has a policy, and is refused where there is none', async () => {
    const now = await set(`${entry}.38.1`, 'i', '1')
    assert.equal(now.code, 0, now.err)
    const rotated = (): string[] =>
      readdirSync(join(appliance.at.home.logs, 'sipd')).filter((name) => /^error_log\.\d{10}(\.gz)?$/.test(name))
    await until(() => rotated().length === 1, 5000, 'the rotation')
    assert.equal(await get(39, 1), '""')
    assert.match((await set(`${entry}.38.3`, 'i', '1')).err, /inconsistentValue/)
    const listed = await appliance.castellan('rotate', '--dry-run', 'access_log')
    assert.match(listed.out, /access_log \(18 octets\) would be renamed/)
  })

  test('commands cannot be set, and a manager cannot have any file of the machine read', async () => {
    const command = await set(`${entry}.9.3`, 's', '/bin/true')
    assert.match(command.err, /noAccess|notWritable/)
    const shadow = await set(`${entry}.3.9`, 's', '/etc/shadow', `${entry}.4.9`, 's', 'root', `${entry}.18.9`, 'i', '4')
    assert.match(shadow.err, /noAccess|inconsistentValue/)
  })
})

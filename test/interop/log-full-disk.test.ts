import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { codeOf } from '../../lib/errors.ts'
import { initializeHome } from '../../lib/home/home.ts'
import { Appliance, logPath, makeHome, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const entry = '.1.3.6.1.4.1.32473.12.40.2.1'
const traps = '.1.3.6.1.4.1.32473.12.40.3.0'
const floorOctets = 2 * 1024 * 1024
const rotatedOctets = 512 * 1024
/** The rotator looks at the disk every ten seconds. */
const lookMs = 15_000

let appliance: Appliance
let daemon: TrapDaemon

const { skip } = needs('snmpset', 'snmptrapd')
const needsRoot = process.getuid?.() === 0 ? skip : 'mounting a small disk needs root'

describe('a home on a disk that is full to the last octet, with Net-SNMP', { skip: needsRoot }, () => {
  const log = (name: string): string => logPath(appliance.at.home, name)
  const filler = (): string => join(appliance.at.home.root, 'filler')
  const freeOctets = (): number => {
    const { bavail, bsize } = statfsSync(appliance.at.home.root)
    return bavail * bsize
  }
  const fill = (): void => {
    const file = openSync(filler(), 'a')
    try {
      for (;;) writeSync(file, Buffer.alloc(4096))
    } catch (error) {
      assert.equal(codeOf(error), 'ENOSPC')
    } finally {
      closeSync(file)
    }
    assert.equal(freeOctets(), 0)
  }
  const rotated = (): string[] =>
    readdirSync(join(appliance.at.home.logs, 'sipd')).filter((name) => name.startsWith('access_log.'))
  const get = async (column: number): Promise<string> => {
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, `${entry}.${column}.3`])
    return out.trim()
  }
  const set = (column: number, value: number, type = 'u') =>
    netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, `${entry}.${column}.3`, type, String(value)])
  const trap = (number: number): RegExp => new RegExp(`${traps.replaceAll('.', '\\.')}\\.${number}\\s`)
  const rotationState = (): string => join(appliance.at.home.data, 'subagents', 'rotation.json')
  const cnf = (): string => join(appliance.at.home.conf, 'subagents', 'logagt.cnf')

  before(async () => {
    const at = await makeHome()
    appliance = new Appliance(at)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', at.home.root])
    assert.equal(mounted.status, 0, String(mounted.stderr))
    await initializeHome(at.home, at.snmpPort - 1161)
    const row = `siLogEntry 3 watched ${log('watched')} "^error \\d" no 0 0 0 - yes 0 0 - yes 10 no csps active\n`
    writeFileSync(cnf(), `${readFileSync(cnf(), 'utf8')}${row}siLogDiskFloorOctets ${floorOctets}\n`)
    writeFileSync(join(at.home.conf, 'subagents', 'critagt.cnf'), '')
    writeFileSync(log('watched'), 'error 0 is old\n')
    writeFileSync(log('access_log'), randomBytes(200 * 1024))
    // Young enough to be kept for their age.
    const now = Math.floor(Date.now() / 1000)
    for (const secondsAgo of [300, 200, 100])
      writeFileSync(`${log('access_log')}.${now - secondsAgo}.gz`, randomBytes(rotatedOctets))
    const snmpd = join(at.home.conf, 'agent', 'snmpd.cnf')
    const right =
      'vacmViewTreeFamilyEntry operate siLogMaxSize - included nonVolatile\nvacmViewTreeFamilyEntry read siLogLastMatch - included nonVolatile\n'
    writeFileSync(snmpd, `${readFileSync(snmpd, 'utf8')}${right}`, { mode: 0o600 })
    daemon = new TrapDaemon(at.trapPort)
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await daemon.stop()
    for (const name of ['subagents', 'agent'] as const) await appliance.stopDaemon(name)
    spawnSync('umount', [appliance.at.home.root])
    await appliance.stop()
  })

  test('the oldest rotated logs go while that is enough; then the alarm arrives, and the live file stays', async () => {
    appendFileSync(log('watched'), 'error 1\n')
    await until(async () => (await get(8)) === '1', 5000, 'the first match')
    const live = readFileSync(log('access_log'))
    const room = freeOctets() - floorOctets
    assert.ok(room > 0)
    const [, ...younger] = rotated()
    writeFileSync(filler(), Buffer.alloc(room + rotatedOctets / 2))
    await until(() => rotated().length < 3, lookMs, 'the first deletion')
    assert.deepEqual(rotated(), younger)
    fill()
    const said = await daemon.saw(trap(6), lookMs)
    assert.deepEqual(rotated(), [])
    assert.match(said, /octets are free, below the floor of 2097152/)
    assert.deepEqual(readFileSync(log('access_log')), live)
    // A file that is replaced while the disk is filled would leave its old page to the next that wants one.
    await until(() => /"untold": \[\]/.test(readFileSync(rotationState(), 'utf8')), 5000, 'the end of the look')
  })

  test('with not one octet left both daemons answer, watch and tell, a log is renamed, and a SET is refused whole', async () => {
    fill()
    const pids = [appliance.agentPid, appliance.subagentsPid]
    const config = readFileSync(cnf(), 'utf8')
    const matches = Number(await get(8))
    // The page that it goes to is the file's own already, so that a line has room on a full disk.
    appendFileSync(log('watched'), 'error 2 on a full disk\n')
    await daemon.saw(/error 2 on a full disk/)
    assert.equal(Number(await get(8)), matches + 1)
    await until(async () => /state of \S+ could not be kept: .*ENOSPC/.test(await get(31)), 5000, 'siLogLastError')

    const refused = await set(12, 4711)
    assert.match(refused.err, /commitFailed/)
    assert.equal(await get(12), '0')
    assert.equal(readFileSync(cnf(), 'utf8'), config)
    const { code, out } = await appliance.castellan('rotate', 'access_log')
    assert.equal(code, 0, out)
    assert.equal(rotated().length, 1)
    assert.deepEqual([appliance.agentPid, appliance.subagentsPid], pids)
    assert.equal(appliance.output, '', 'neither said anything on its way out')
    for (const pid of pids) process.kill(pid, 0)
  })

  test('when there is room again the alarm is cleared, also by another process, and nothing that counts is lost', async () => {
    await appliance.stopDaemon('subagents', 'SIGKILL')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    rmSync(filler())
    await daemon.saw(trap(7), lookMs)
    assert.equal((await set(12, 4711)).code, 0)
    assert.match(readFileSync(cnf(), 'utf8'), /^siLogEntry 3 .* 4711 /m)
    // The lines were counted once: what the full disk did not keep of it was counted again.
    await until(async () => (await get(8)) === '2', 5000, 'both matches')
    appendFileSync(log('watched'), 'error 3\n')
    await daemon.saw(/error 3/)
    assert.equal(await get(8), '3')
    for (const name of ['log.json', 'rotation.json'])
      JSON.parse(readFileSync(join(appliance.at.home.data, 'subagents', name), 'utf8'))
    process.kill(appliance.agentPid, 'SIGHUP')
    await until(
      () => /lines of this log were lost|read again/.test(appliance.log('agent.log')),
      5000,
      'the agent to log again',
    )
    const left = readdirSync(appliance.at.home.conf, { recursive: true, encoding: 'utf8' })
    assert.deepEqual(
      left.filter((name) => name.endsWith('.tmp')),
      [],
      'no draft is left',
    )
  })
})

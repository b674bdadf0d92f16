import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { control } from '../../lib/process/control.ts'
import { Appliance, makeHome, runBin, showGuarded, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const script = '.1.3.6.1.2.1.64'
const launch = `${script}.1.4.1.1`
const run = `${script}.1.4.2.1`
/** smLaunchOwner "C", smLaunchName "D" */
const restart = '1.67.1.68'
const sleeper = '4.115.105.116.101.5.115.108.101.101.112'

describe('scripts over SNMP', needs('snmpset', 'snmptrapd'), () => {
  let appliance: Appliance
  let daemon: TrapDaemon
  let sleeperPidFile: string

  before(async () => {
    appliance = new Appliance(await makeHome())
    const { home, trapPort } = appliance.at
    sleeperPidFile = join(home.root, 'sleeper.pid')
    const path = join(home.conf, 'subagents', 'scripts.cnf')
    const shipped = readFileSync(path, 'utf8')
    const added = [
      `smScriptEntry site sleep "Sleeps" 2 enabled nonVolatile "trap '' TERM; sleep 60 & echo $$ > ${sleeperPidFile}; wait"`,
      'smLaunchEntry site sleep site sleep - 1 3 360000 360000 enabled nonVolatile',
    ]
    writeFileSync(path, `${shipped}${added.join('\n')}\n`)
    showGuarded(appliance.at, 'scriptCommand', 'critAppGracefulCommand')
    daemon = new TrapDaemon(trapPort)
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await appliance.castellan('apps', 'stop', 'sipd')
    await until(() => appliance.sipdPid() === undefined, 8000, 'the end of sipd')
    await appliance.stop()
    await daemon.stop()
  })

  const get = async (oid: string): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, oid])).out.trim()
  const set = (...varbinds: string[]) => netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, ...varbinds])
  const generation = async (): Promise<number> =>
    Number(await control(join(appliance.at.home.run, 'sipd', 'sipd.ctl'), 'generation', 3000))
  /** The PID file is the last that it does when it starts. */
  const serves = () => until(() => appliance.sipdPid() !== undefined, 10_000, 'sipd')

  test('setany smLaunchStart.1.67.1.68 0 restarts sipd gracefully, out of the box', async () => {
    await serves()
    const before = await generation()
    const pid = appliance.sipdPid()
    const answer = await runBin('setany', ['-v2c', appliance.at.snmp, 'cspsAdmin', 'smLaunchStart.1.67.1.68', '0'])
    assert.equal(answer.code, 0, answer.err)
    await until(async () => (await get(`${run}.10.${restart}.1`)) === '7', 15_000, 'the end of the run')
    assert.equal(await get(`${run}.7.${restart}.1`), '1', await get(`${run}.11.${restart}.1`))
    assert.equal(await generation(), before + 1)
    assert.equal(appliance.sipdPid(), pid, 'the process that the workers belong to stays')
    assert.equal(await get(`${launch}.10.${restart}`), '1', 'smLaunchStart reads the index of the run')
    assert.match(await get(`${run}.8.${restart}.1`), /ok/i)
  })

  test('it agrees with critAppGracefulRestart as shipped: the same command, and one generation more from either', async () => {
    const graceful = '.1.3.6.1.4.1.32473.12.29.1.1.1'
    assert.match(await get(`${graceful}.23.1`), /sip graceful/)
    assert.equal(await get(`${graceful}.23.1`), await get('.1.3.6.1.4.1.32473.12.41.1.1.1.1.1.65.1.66'))
    await until(async () => (await get(`${graceful}.11.1`)) === '1', 8000, 'sipd up for critapp')
    const before = await generation()
    const answer = await set(`${graceful}.24.1`, 'i', '2')
    assert.equal(answer.code, 0, answer.err)
    await until(async () => (await generation()) === before + 1, 15_000, 'the next generation')
  })

  test('getone prints launches and commands with their names', async () => {
    const { snmp } = appliance.at
    const status = await runBin('getone', ['-v2c', snmp, 'public', `smLaunchOperStatus.${restart}`])
    assert.match(status.out, /^smLaunchOperStatus\.1\.67\.1\.68 = enabled\(1\)/)
    const command = await runBin('getone', ['-v2c', snmp, 'public', 'scriptCommand.1.65.1.66'])
    assert.match(command.out, /^scriptCommand\.1\.65\.1\.66 = .*\/bin\/sip graceful --home /)
  })

  test('an operator may launch and abort; commands, rows and arguments are not his', async () => {
    const refusals = [
      [`.1.3.6.1.4.1.32473.12.41.1.1.1.1.1.65.1.66`, 's', '/bin/true'],
      [`${launch}.5.${restart}`, 's', '--help'],
      [`${launch}.12.${restart}`, 'i', '2'],
      [`${script}.1.3.1.1.6.1.65.1.66`, 'i', '2'],
      [`${launch}.16.1.69.1.70`, 'i', '4'],
    ]
    for (const refusal of refusals) assert.match((await set(...refusal)).err, /noAccess/, refusal[0])
  })

  test('a SET whose second varbind is refused launches nothing', async () => {
    const before = await generation()
    const refused = await set(`${launch}.10.${restart}`, 'i', '0', `${launch}.10.1.88.1.89`, 'i', '0')
    assert.notEqual(refused.code, 0)
    const long = 'x'.repeat(256) // longer than sysName may be, which another module says
    const elsewhere = await set(`${launch}.10.${restart}`, 'i', '0', '.1.3.6.1.2.1.1.5.0', 's', long)
    assert.match(elsewhere.err, /wrongLength/)
    assert.equal(await get(`${launch}.10.${restart}`), '1', 'no other run was started')
    assert.equal(await get(`${run}.10.${restart}.2`), 'No Such Instance currently exists at this OID')
    assert.equal(await generation(), before)
  })

  test('smRunControl aborts a run with all its processes, and smScriptAbort tells of it', async () => {
    daemon.forget()
    assert.equal((await set(`${launch}.10.${sleeper}`, 'i', '5')).code, 0)
    await until(async () => (await get(`${run}.10.${sleeper}.5`)) === '2', 3000, 'the run')
    const again = await set(`${launch}.10.${sleeper}`, 'i', '0')
    assert.match(again.err, /inconsistentValue/)
    assert.match(await get(`${launch}.17.${sleeper}`), /as many runs as it may have \(1\)/)
    assert.equal((await set(`${run}.9.${sleeper}.5`, 'i', '1')).code, 0)
    const seen = await daemon.saw(new RegExp(`${script.replaceAll('.', '\\.')}\\.2\\.0\\.1\\s`))
    assert.match(seen, /script sleep \(run 5 of site\/sleep\) came to nothing: it was aborted, as a manager asked/)
    assert.match(
      seen,
      new RegExp(`${run.replaceAll('.', '\\.')}\\.7\\.${sleeper.replaceAll('.', '\\.')}\\.5 = INTEGER: 2`),
    )
    assert.equal(await get(`${run}.7.${sleeper}.5`), '2')
  })

  test('kill -9 of the subagents ends neither sipd nor what they have to do: their return ends the run they left', async () => {
    const sipd = appliance.sipdPid()
    assert.equal((await set(`${launch}.10.${sleeper}`, 'i', '0')).code, 0)
    await until(async () => (await get(`${launch}.10.${sleeper}`)) !== '5', 2000)
    const pid = await pidOf(sleeperPidFile)
    await appliance.stopDaemon('subagents', 'SIGKILL')
    assert.notEqual(readProcess(pid), undefined, 'it outlived its keeper')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(() => readProcess(pid) === undefined, 2000, 'the end of the run')
    assert.equal(appliance.sipdPid(), sipd)
    assert.match(appliance.log('subagents.log'), /scripts that nobody watched any more were ended processes=2/)
    assert.equal(await get(`${launch}.13.${sleeper}`), '1', 'it may be launched again')
  })
})

async function pidOf(path: string): Promise<number> {
  let pid = 0
  await until(() => {
    pid = Number(readFileSync(path, 'utf8').trim())
    return readProcess(pid) !== undefined
  }, 2000)
  return pid
}

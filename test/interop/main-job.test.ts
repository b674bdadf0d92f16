import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const proc = '.1.3.6.1.4.1.32473.12.29.1.1.1'
const adminStatus = `${proc}.5.1`
const operStatus = `${proc}.11.1`
interface AuditLine {
  readonly status: string
  readonly reason?: string
}
let appliance: Appliance
let traps: TrapDaemon

describe('the main job, with Net-SNMP', needs('snmpget', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    traps = new TrapDaemon(appliance.at.trapPort)
    await traps.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(isUp, 5000, 'sipd')
  })

  after(async () => {
    await appliance.stop()
    await traps.stop()
  })

  const read = (...names: string[]) => netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, ...names])
  const set = (...what: string[]) => netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, ...what])
  const isUp = async (): Promise<boolean> => (await read(operStatus)).out.trim() === '1'

  test('coldStart and critAppProcStarted reach a real snmptrapd', async () => {
    await traps.saw(/\.1\.3\.6\.1\.6\.3\.1\.1\.5\.1/)
    await traps.saw(/\.1\.3\.6\.1\.4\.1\.32473\.12\.29\.3\.0\.2/)
  })

  test('snmpwalk and snmpbulkwalk of everything end without error, in order, and name the same instances', async () => {
    const everything = [appliance.at.snmp, '.1']
    const walked = await netsnmp('snmpwalk', ['-v2c', '-cpublic', ...everything])
    const bulk = await netsnmp('snmpbulkwalk', ['-v2c', '-cpublic', ...everything])
    const v1 = await netsnmp('snmpwalk', ['-v1', '-cpublic', ...everything])
    const again = await netsnmp('snmpwalk', ['-v2c', '-cpublic', ...everything])
    const names = ({ out }: { out: string }): string[] =>
      [...out.matchAll(/^(\.[\d.]+) = (?!No more variables)/gm)].map((match) => match[1]!)
    for (const { code, err } of [walked, bulk, v1, again]) assert.equal(code, 0, err)
    // Processes, connections, mounts and much else come and go: what was there before and after was there meanwhile.
    const last = new Set(names(again))
    const steady = names(walked).filter((name) => last.has(name))
    assert.ok(steady.length > 1000, `${steady.length} instances`)
    const isIn = (walk: { out: string }): ((name: string) => boolean) => {
      const seen = new Set(names(walk))
      return (name) => seen.has(name)
    }
    assert.deepEqual(steady.filter(isIn(bulk)), steady)
    const counter64 = names({
      out: walked.out
        .split('\n')
        .filter((line) => line.includes('Counter64'))
        .join('\n'),
    })
    assert.ok(counter64.length > 0)
    assert.deepEqual(
      steady.filter(isIn(v1)),
      steady.filter((name) => !counter64.includes(name)),
      'v1 sees all but Counter64',
    )
    assert.doesNotMatch(walked.out, /cspsAdmin/, 'secrets are not in the read view')
  })

  test('snmpset stops sipd, the trap says so, and snmpset brings it back', async () => {
    traps.forget()
    const pid = appliance.sipdPid()
    const down = await set(adminStatus, 'i', '2')
    assert.equal(down.code, 0, down.err)
    await until(async () => !(await isUp()), 20_000, 'the stop')
    assert.equal(appliance.sipdPid(), undefined)
    assert.match(await traps.saw(/\.29\.3\.0\.1/), /\.29\.1\.1\.1\.2\.1 = STRING: "sipd"\s+\.\S+\.11\.1 = INTEGER: 2/)
    const file = readFileSync(join(appliance.at.home.conf, 'subagents', 'critagt.cnf'), 'utf8')
    assert.match(file, /^critAppProcEntry 1 sipd .* down true/m, 'the order is kept')
    assert.match(file, /^# critagt\.cnf/, 'comments are kept')

    const up = await set(adminStatus, 'i', '1')
    assert.equal(up.code, 0, up.err)
    await until(isUp, 5000, 'the start')
    assert.notEqual(appliance.sipdPid(), pid)
    await traps.saw(/\.29\.3\.0\.2/)
  })

  test('kill -9 of sipd is noticed within 1 s, trapped, and repaired', async () => {
    traps.forget()
    const pid = appliance.sipdPid()!
    process.kill(pid, 'SIGKILL')
    await until(async () => !(await isUp()), 1000, 'notice of the death')
    await traps.saw(/\.29\.3\.0\.1/)
    await until(isUp, 8000, 'the repair')
    await traps.saw(/\.29\.3\.0\.2/)
    assert.notEqual(appliance.sipdPid(), pid)
    assert.equal((await read(`${proc}.20.1`)).out.trim(), '1')
  })

  test('kill -9 of the subagents leaves sipd alone, is trapped, and the next ones adopt it', async () => {
    traps.forget()
    const pid = appliance.sipdPid()
    await appliance.stopDaemon('subagents', 'SIGKILL')
    assert.match(await traps.saw(/\.12\.1\.0\.1\s/), /"subagent Castellan subagents is lost: its connection ended"/)
    assert.match((await read(operStatus)).out, /No Such Object/, 'the agent answers at once that it is not there')
    assert.equal(appliance.sipdPid(), pid)
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    assert.deepEqual((await read(`${proc}.12.1`, `${proc}.13.1`)).out.trim().split('\n'), ['7', String(pid)])
    await traps.saw(/\.12\.1\.0\.2\s/)
  })

  test('kill -9 of the agent leaves all else alone; the subagents come back to the next one by themselves', async () => {
    const pid = appliance.sipdPid()
    await appliance.stopAgent('SIGKILL')
    assert.equal(appliance.sipdPid(), pid)
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    await until(isUp, 3000, 'the subagents')
    assert.deepEqual((await read(`${proc}.12.1`, `${proc}.13.1`)).out.trim().split('\n'), ['7', String(pid)])
  })

  test('each bad SET gets its own error and index, and touches nothing', async () => {
    const sysContact = '.1.3.6.1.2.1.1.4.0'
    const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
      ['wrong type', [adminStatus, 's', 'up'], /wrongType/],
      ['wrong length', [sysContact, 's', 'x'.repeat(256)], /wrongLength/],
      ['wrong value', [adminStatus, 'i', '3'], /wrongValue/],
      ['no access', [`${proc}.3.1`, 's', '/bin/true'], /noAccess/],
      ['no creation', ['.1.3.6.1.2.1.1.4.7', 's', 'x'], /noCreation/],
      ['inconsistent value', ['.1.3.6.1.6.3.1.1.6.1.0', 'i', '2147483647'], /inconsistentValue/],
      ['inconsistent name', [`${proc}.5.77`, 'i', '1'], /inconsistentName/],
    ]
    const before = (await read(sysContact, adminStatus, operStatus)).out
    for (const [what, varbinds, expected] of cases) {
      const { code, err } = await set(sysContact, 's', 'changed', ...varbinds)
      assert.notEqual(code, 0, what)
      assert.match(err, expected, what)
      // The contact is the first varbind: if the second fails, the first has not happened either.
      assert.equal((await read(sysContact, adminStatus, operStatus)).out, before, what)
    }
  })

  test('a read community may not write, and an unknown one is counted and trapped', async () => {
    traps.forget()
    const refused = await netsnmp('snmpset', ['-v2c', '-cpublic', appliance.at.snmp, adminStatus, 'i', '2'])
    assert.match(refused.err, /authorizationError/)
    const unknown = await netsnmp('snmpget', ['-v2c', '-cnobody', '-t0.2', '-r0', appliance.at.snmp, operStatus])
    assert.match(unknown.err, /Timeout|No Response/)
    await traps.saw(/\.1\.3\.6\.1\.6\.3\.1\.1\.5\.5/)
    assert.equal((await read('.1.3.6.1.2.1.11.4.0')).out.trim(), '1')
  })

  test('version 1 gets version 1 errors', async () => {
    const missing = await netsnmp('snmpget', ['-v1', '-cpublic', appliance.at.snmp, '.1.3.6.1.2.1.1.99.0'])
    assert.match(missing.err, /noSuchName/)
    const bad = await netsnmp('snmpset', ['-v1', '-ccspsAdmin', appliance.at.snmp, adminStatus, 'i', '3'])
    assert.match(bad.err, /badValue/)
  })

  test('every SET leaves a line in the audit log', () => {
    const lines = appliance
      .log('audit.log')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLine)
    assert.ok(lines.some(({ status }) => status === 'noError'))
    assert.ok(lines.some(({ status }) => status === 'wrongType'))
    assert.ok(
      lines.some(({ status, reason }) => status === 'authorizationError' && reason === 'no write view: noSuchView'),
    )
  })

  test('an order of the command line leaves a line in the audit log of the process that obeys', async () => {
    const { code, err } = await appliance.castellan('rotate', 'nothing-of-this-name')
    assert.notEqual(code, 0, err)
    await appliance.castellan('rotate', '--dry-run')
    const path = join(appliance.at.home.logs, 'subagents', 'audit.log')
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    const orders = lines.map((line) => JSON.parse(line) as { order: string; over: string; status: string })
    assert.deepEqual(
      orders.map(({ order, over, status }) => [order, over, status]),
      [
        ['rotate nothing-of-this-name', 'subagents.ctl', 'refused'],
        ['rotate --dry-run', 'subagents.ctl', 'done'],
      ],
    )
  })

  test('an unknown user leaves a line in the log, and authenticationFailure', async () => {
    traps.forget()
    const v3 = ['-v3', '-lauthNoPriv', '-aSHA', '-Awrong passphrase', '-t0.2', '-r0', appliance.at.snmp, operStatus]
    const { err } = await netsnmp('snmpget', ['-ueve', ...v3])
    assert.match(err, /Unknown user name/)
    await traps.saw(/named a user who is not known here \(user .*eve/)
    assert.match(appliance.log('agent.log'), /a message is not authentic from=127\.0\.0\.1:\d+ reason=.*eve/)
  })

  test('a broken line stops the start with file, line and column, and all complaints come at once', async () => {
    const broken = new Appliance(await makeHome())
    const path = join(broken.at.home.conf, 'subagents', 'critagt.cnf')
    writeFileSync(path, 'critAppProcEntry 1 sipd "start" "stop" up maybe 300 true true true\ncritAppProcEntry x\n', {
      mode: 0o600,
    })
    assert.equal(await broken.start(), 1)
    assert.match(
      broken.output,
      /^critagt\.cnf:1:43: critAppRestartOnExit must be true\(1\) or false\(2\), got "maybe"$/m,
    )
    assert.match(broken.output, /^critagt\.cnf:2:18: critAppProcEntry ends before its field 2, critAppProcName$/m)
    await broken.stop()
  })

  test('a port in use says which and by whom', async () => {
    const second = new Appliance(await makeHome())
    const path = join(second.at.home.conf, 'agent', 'snmpd.cnf')
    writeFileSync(path, readFileSync(path, 'utf8').replace(second.at.snmp, appliance.at.snmp))
    try {
      assert.equal(await second.start(), 1)
      assert.match(
        second.output,
        new RegExp(`udp ${appliance.at.snmp} is in use by PID ${appliance.agentPid} \\(.*agent/main\\.js`),
      )
    } finally {
      await rm(second.at.home.root, { recursive: true, force: true })
    }
  })

  test('a start command that does not exist shows in critAppLastError and a trap, not in a crash', async () => {
    const missing = new Appliance(await makeHome())
    const trapsOfIt = new TrapDaemon(missing.at.trapPort)
    await trapsOfIt.started()
    const path = join(missing.at.home.conf, 'subagents', 'critagt.cnf')
    writeFileSync(path, 'critAppProcEntry 1 nowhere "/no/such/program" - up false 300 true true true\n', {
      mode: 0o600,
    })
    assert.equal(await missing.start(), undefined, missing.output)
    await trapsOfIt.saw(/\.29\.3\.0\.5/)
    const { out } = await netsnmp('snmpget', [
      '-v2c',
      '-cpublic',
      '-Oqv',
      missing.at.snmp,
      `${proc}.22.1`,
      `${proc}.12.1`,
    ])
    assert.match(out, /\/no\/such\/program: there is no such program; see critAppStartCommand/)
    assert.match(out, /^6$/m)
    await missing.stop()
    await trapsOfIt.stop()
  })
})

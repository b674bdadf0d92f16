import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, passphrase, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const sched = '.1.3.6.1.2.1.63.1.2.1'
const castellanSched = '.1.3.6.1.4.1.32473.12.63.1.1.1'
const proc = '.1.3.6.1.4.1.32473.12.29.1.1.1'
process.env.SNMP_PERSISTENT_DIR = mkdtempSync(join(tmpdir(), 'schedule-'))
let appliance: Appliance
let daemon: TrapDaemon

describe('schedules, with a real agent, a real subagent and snmpset', needs('snmpset', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { root, conf } = appliance.at.home
    const path = join(root, 'alpha')
    writeFileSync(path, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
    chmodSync(path, 0o755)
    writeFileSync(
      join(conf, 'subagents', 'critagt.cnf'),
      `critAppProcEntry 1 alpha ${path} - up false 100 true true true\n`,
    )
    const fields = '1 - - - - - -'
    writeFileSync(
      join(conf, 'agent', 'schedule.cnf'),
      [
        '# made by a person',
        'schedEntry ops nightly "as in docs/schedule.md" 0 fe fff0 fffffffe00000000 200000 0000000200000000 - \\',
        '    critAppGracefulRestart.1 2 calendar enabled nonVolatile',
        `schedEntry ops stop "alpha down" ${fields} critAppAdminStatus.1 2 periodic disabled nonVolatile`,
        `schedEntry ops deny "not of view operate" ${fields} critAppProcRowStatus.1 6 periodic disabled nonVolatile`,
        '',
      ].join('\n'),
    )
    assert.equal((await appliance.castellan('user', 'add', 'boss', '--group', 'admin')).code, 0)
    daemon = new TrapDaemon(appliance.at.trapPort)
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    await appliance.castellan('apps', 'stop', 'alpha')
    await until(async () => (await alpha()) === '2', 8000)
    await appliance.stop()
    await daemon.stop()
  })

  const at = (column: number, name: string, entry = sched): string =>
    `${entry}.${column}.3.111.112.115.${name.length}.${[...Buffer.from(name)].join('.')}`
  const boss = async (...args: string[]): Promise<void> => {
    const security = ['-a', 'SHA-256', '-A', passphrase.auth, '-x', 'AES', '-X', passphrase.priv]
    const done = await netsnmp('snmpset', [
      '-v3',
      '-l',
      'authPriv',
      '-u',
      'boss',
      ...security,
      appliance.at.snmp,
      ...args,
    ])
    assert.equal(done.code, 0, done.err)
  }
  const get = async (oid: string): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, oid])).out.trim()
  const alpha = () => get(`${proc}.11.1`)
  const enable = (name: string) => boss(at(14, name), 'i', '1')
  const disable = (name: string) => boss(at(14, name), 'i', '2')

  test('a row of the file sets an object of a subagent, as scheduleAgent', async () => {
    await until(async () => (await alpha()) === '1', 8000, 'alpha')
    assert.equal(await get(at(15, 'stop')), '2', 'disabled')
    await enable('stop')
    await until(async () => (await alpha()) === '2', 10_000, 'the stop')
    await disable('stop')
    assert.ok(Number(await get(at(21, 'stop'))) >= 1)
    assert.equal(await get(at(16, 'stop')), '0')
    assert.equal(await get(at(7, 'stop', castellanSched)), '"scheduleAgent"')
    const audit = appliance
      .log('audit.log')
      .split('\n')
      .filter((line) => line.includes('"this agent"'))
    assert.match(audit[0]!, /"securityName":"scheduleAgent".*"status":"noError".*critAppAdminStatus\.1/)
  })

  test('a row without rights fails where an operator looks: in its row, in a trap, in the log', async () => {
    daemon.forget()
    await enable('deny')
    const seen = await daemon.saw(/\.1\.3\.6\.1\.2\.1\.63\.2\.0\.1\s/, 10_000)
    await disable('deny')
    assert.match(seen, /"schedule ops\/deny failed: scheduleAgent may not write critAppProcRowStatus\.1"/)
    assert.ok(Number(await get(at(16, 'deny'))) >= 1)
    assert.equal(await get(at(17, 'deny')), '6', 'noAccess')
    assert.notEqual((await get(at(18, 'deny'))).replaceAll(/[^\d]/g, ''), '')
    assert.equal(await get(at(5, 'deny', castellanSched)), '"scheduleAgent may not write critAppProcRowStatus.1"')
    assert.match(appliance.log('agent.log'), /a schedule failed .*status=noAccess/)
  })

  test('a row made over SNMP acts with the rights of who made it, and does so after a restart', async () => {
    await boss(
      ...[at(4, 'go'), 'u', '1', at(11, 'go'), 'o', `${proc}.5.1`, at(12, 'go'), 'i', '1'],
      ...[at(14, 'go'), 'i', '1', at(19, 'go'), 'i', '3', at(20, 'go'), 'i', '4'],
    )
    await until(async () => (await alpha()) === '1', 10_000, 'the start')
    assert.equal(await get(at(7, 'go', castellanSched)), '"boss"')
    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'schedule.cnf'), 'utf8')
    assert.match(file, /^# made by a person$/m)
    assert.match(file, /^schedEntry ops go .* nonVolatile usm boss authPriv$/m)
    await appliance.stopAgent()
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    await until(async () => Number(await get(at(21, 'go'))) >= 1, 15_000, 'a run after the restart')
    assert.equal(await get(at(7, 'go', castellanSched)), '"boss"')
    await until(async () => Number(await get(at(21, 'go'))) > Number(await get(at(16, 'go'))), 15_000, 'a good run')
    await disable('go')
    await boss(at(20, 'go'), 'i', '6')
    assert.doesNotMatch(readFileSync(join(appliance.at.home.conf, 'agent', 'schedule.cnf'), 'utf8'), /ops go/)
  })

  test('an operator may set what a schedule sets, but make no schedules', async () => {
    const { err } = await netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, at(14, 'stop'), 'i', '1'])
    assert.match(err, /noAccess/)
  })

  test('the calendar of the documentation runs next at 02:30 local time', async () => {
    const oid = at(1, 'nightly', castellanSched)
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqvx', appliance.at.snmp, oid])
    const octets = out.match(/[0-9A-F]{2}/g)!.map((hex) => Number.parseInt(hex, 16))
    assert.deepEqual(octets.slice(4, 7), [2, 30, 0])
  })

  test('schedLocalTime is what the machine takes for local time', async () => {
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqvx', appliance.at.snmp, '.1.3.6.1.2.1.63.1.1.0'])
    const octets = out.match(/[0-9A-F]{2}/g)!.map((hex) => Number.parseInt(hex, 16))
    assert.equal(octets.length, 11)
    const [high, low, month, day, hour, minute, second] = octets
    const shown = new Date(high! * 256 + low!, month! - 1, day, hour, minute, second)
    assert.ok(Math.abs(shown.getTime() - Date.now()) < 10_000, shown.toISOString())
  })
})

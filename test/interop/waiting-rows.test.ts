import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, letWriteEverything, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const status = { active: '1', notInService: '2', notReady: '3', createAndWait: '5', destroy: '6' } as const
const words = (text: string): string => [...Buffer.from(text)].join('.')
const sized = (text: string): string => `${text.length}.${words(text)}`
const proc = (column: number): string => `.1.3.6.1.4.1.32473.12.29.1.1.1.${column}.7`
const target = (column: number): string => `.1.3.6.1.6.3.12.1.2.1.${column}.${words('later')}`
const sched = (column: number): string => `.1.3.6.1.2.1.63.1.2.1.${column}.${sized('ops')}.${sized('later')}`
const script = (column: number): string => `.1.3.6.1.2.1.64.1.3.1.1.${column}.${sized('ops')}.${sized('later')}`
const logRow = (column: number): string => `.1.3.6.1.4.1.32473.12.40.2.1.${column}.7`

let appliance: Appliance

describe('rows that are not in service over restarts', needs('snmpset'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { conf } = appliance.at.home
    writeFileSync(join(conf, 'subagents', 'critagt.cnf'), 'critAppCommandsWritable true\n', { mode: 0o600 })
    letWriteEverything(appliance.at.home)
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(() => appliance.stop())

  const set = async (...words: readonly string[]): Promise<void> => {
    const { code, err } = await netsnmp('snmpset', ['-v2c', '-ceverything', appliance.at.snmp, ...words])
    assert.equal(code, 0, `${words.join(' ')}: ${err}`)
  }
  const read = async (object: string): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-ceverything', '-Oqv', appliance.at.snmp, object])).out.trim()
  const restart = async (): Promise<void> => {
    await appliance.stopDaemon('subagents')
    await appliance.stopAgent()
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(
      async () => (await read(proc(30))) !== '' && !/No Such/.test(await read(proc(30))),
      5000,
      'the subagents',
    )
  }
  const conf = (file: string): string => readFileSync(join(appliance.at.home.conf, file), 'utf8')
  const waiting = (file: string): string => readFileSync(join(appliance.at.home.data, file), 'utf8')

  test('a row with nothing but its index is notReady, and one with all it needs notInService, after a restart too', async () => {
    await set(proc(30), 'i', status.createAndWait)
    await set(target(9), 'i', status.createAndWait)
    await set(sched(20), 'i', status.createAndWait, sched(19), 'i', '3')
    await set(script(9), 'i', status.createAndWait, script(8), 'i', '3')
    await set(logRow(18), 'i', status.createAndWait)
    await set(target(2), 'o', '.1.3.6.1.6.1.1', target(3), 'x', '7f0000010009', target(7), 's', 'v2cParams')
    await set(sched(11), 'o', `${proc(5)}`, sched(4), 'u', '3600')
    const shown = () => Promise.all([proc(30), target(9), sched(20), script(9), logRow(18)].map(read))
    const before = await shown()
    assert.deepEqual(before.slice(0, 3), [status.notReady, status.notInService, status.notInService])
    await restart()
    assert.deepEqual(await shown(), before)
    assert.deepEqual(
      [await read(target(3)), await read(target(7)), await read(sched(4))],
      ['"7F 00 00 01 00 09 "', '"v2cParams"', '3600'],
    )
    assert.match(await read(proc(2)), /No Such Instance/, 'nobody has given it a name yet')
  })

  test('such rows are in data/, as lines of their file with a ? for what is missing, and not in conf/', () => {
    assert.match(waiting('subagents/critagt.waiting.cnf'), /^critAppProcEntry 7 \? \? \? down false 3000 /m)
    assert.match(waiting('agent/snmpd.waiting.cnf'), /^snmpTargetAddrEntry later snmpUDPDomain 127\.0\.0\.1:9 /m)
    assert.match(waiting('agent/schedule.waiting.cnf'), /^schedEntry ops later /m)
    assert.doesNotMatch(conf('subagents/critagt.cnf'), /critAppProcEntry 7/)
    assert.doesNotMatch(conf('agent/snmpd.cnf'), /snmpTargetAddrEntry later/)
    assert.doesNotMatch(conf('agent/schedule.cnf'), /later/)
  })

  test('set active they move to the .cnf file of their table', async () => {
    await set(proc(2), 's', 'later', proc(3), 's', '/bin/false', proc(4), 's', '')
    assert.equal(await read(proc(30)), status.notInService)
    await restart()
    assert.deepEqual([await read(proc(30)), await read(proc(2))], [status.notInService, '"later"'])
    for (const row of [proc(30), target(9), sched(20)]) await set(row, 'i', status.active)
    assert.match(conf('subagents/critagt.cnf'), /^critAppProcEntry 7 later \/bin\/false - down /m)
    assert.match(conf('agent/snmpd.cnf'), /^snmpTargetAddrEntry later /m)
    assert.match(conf('agent/schedule.cnf'), /^schedEntry ops later /m)
    assert.doesNotMatch(waiting('subagents/critagt.waiting.cnf'), /critAppProcEntry 7/)
    assert.doesNotMatch(waiting('agent/snmpd.waiting.cnf'), /later/)
    assert.doesNotMatch(waiting('agent/schedule.waiting.cnf'), /later/)
    await restart()
    for (const row of [proc(30), target(9), sched(20)]) assert.equal(await read(row), status.active)
  })

  test('taken out of service again they move back, and destroyed they are in neither file', async () => {
    await set(proc(30), 'i', status.notInService)
    assert.doesNotMatch(conf('subagents/critagt.cnf'), /critAppProcEntry 7/)
    await restart()
    assert.equal(await read(proc(30)), status.notInService)
    await set(proc(30), 'i', status.destroy)
    assert.doesNotMatch(waiting('subagents/critagt.waiting.cnf'), /critAppProcEntry 7/)
    await set(proc(30), 'i', status.createAndWait, proc(29), 'i', '2') // volatile
    assert.doesNotMatch(waiting('subagents/critagt.waiting.cnf'), /critAppProcEntry 7/)
  })

  test('castellan check reads what is in data/ too', async () => {
    const path = join(appliance.at.home.data, 'agent', 'snmpd.waiting.cnf')
    writeFileSync(path, 'snmpTargetAddrEntri x\n')
    const { code, out, err } = await appliance.castellan('check')
    assert.equal(code, 1)
    assert.match(
      out + err,
      /snmpd\.waiting\.cnf:1:1: unknown entry "snmpTargetAddrEntri"; did you mean snmpTargetAddrEntry\?/,
    )
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import type { LocalAgent, LocalFailure } from '../../../lib/mib/local-agent.ts'
import type { ModuleHost } from '../../../lib/mib/module.ts'
import { errorStatusName } from '../../../lib/smi/error-status.ts'
import { type Oid, oid } from '../../../lib/smi/oid.ts'
import type { Principal } from '../../../lib/smi/principal.ts'
import type { SnmpValue, Varbind } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { scheduleModule } from '../../../subagents/schedule/index.ts'
import { testEngine } from '../../support/engine.ts'

const entry = '1.3.6.1.2.1.63.1.2.1'
const castellanEntry = '1.3.6.1.4.1.32473.12.63.1.1.1'
const variable = oid('1.3.6.1.4.1.32473.99.1.0')
const minuteMs = 60_000
const startMs = Date.UTC(2026, 10, 20, 12)

const integer = (value: number): SnmpValue => ({ type: 'Integer32', value })
const seconds = (value: number): SnmpValue => ({ type: 'Gauge32', value })
const octets = (...value: number[]): SnmpValue => ({ type: 'OctetString', value: Uint8Array.from(value) })
const cell = (column: number, value: SnmpValue, name = 'n', at = entry): Varbind => ({
  name: oid(`${at}.${column}.1.111.${name.length}.${[...Buffer.from(name)].join('.')}`),
  value,
})
const enabled = 1
const periodic = (interval: number): readonly Varbind[] => [
  cell(4, seconds(interval)),
  cell(11, { type: 'ObjectIdentifier', value: variable }),
  cell(12, integer(42)),
  cell(14, integer(enabled)),
  cell(20, integer(4)),
]

/** The module in an engine of its own; what it would set is written down. */
async function bench() {
  const clock = new ManualClock(startMs)
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'schedule-')))
  const { module } = scheduleModule(home)
  const acts: { name: Oid; value: SnmpValue; as: Principal }[] = []
  const told: string[] = []
  let failure: LocalFailure | undefined
  const localAgent: LocalAgent = {
    get: () => assert.fail('a schedule reads nothing'),
    getNext: () => assert.fail('a schedule reads nothing'),
    getEach: () => assert.fail('a schedule reads nothing'),
    getNextEach: () => assert.fail('a schedule reads nothing'),
    format: () => assert.fail('a schedule names nothing'),
    formatValue: () => assert.fail('a schedule shows nothing'),
    notify: () => assert.fail('its notifications are declared'),
    async set([varbind], as) {
      acts.push({ ...varbind!, as })
      return failure
    },
  }
  const host: ModuleHost = {
    clock,
    log: silentLog,
    signal: new AbortController().signal,
    upTimeTicks: () => 0,
    localAgent,
    notify: (notification, index, values, sentence) =>
      void told.push(`${notification.name} ${String(index.schedName)} ${Object.values(values).length}: ${sentence}`),
  }
  await module.start!(host)
  const engine = testEngine([module], { included: [oid('1.3')] }, { included: [oid(entry)] }, { patienceMs: 2000 })
  const set = async (varbinds: readonly Varbind[], version: 'v1' | 'v2c' = 'v2c') => {
    const { errorStatus, errorIndex } = (await engine.ask({ type: 'setRequest', varbinds }, { version }))!
    return { errorStatus: errorStatusName(errorStatus), errorIndex }
  }
  const get = async (column: number, at = entry): Promise<SnmpValue> => {
    const { name } = cell(column, integer(0), 'n', at)
    return (await engine.ask({ type: 'getRequest', varbinds: [{ name, value: { type: 'Null' } }] }))!.varbinds[0]!.value
  }
  return {
    module,
    clock,
    acts,
    told,
    set,
    get,
    failWith(next: LocalFailure): void {
      failure = next
    },
    /** Lets this many milliseconds pass, and what runs then come to its end. */
    async advance(byMs: number): Promise<void> {
      clock.advance(byMs)
      const before = acts.length
      for (let turn = 0; turn < 20 && acts.length === before; turn++) await new Promise((done) => setTimeout(done, 2))
    },
  }
}

test('a row made over SNMP sets its variable with the rights of who activated it', async () => {
  const { set, get, acts, advance, module } = await bench()
  assert.equal((await set(periodic(10))).errorStatus, 'noError')
  assert.deepEqual(await get(15), integer(1), 'schedOperStatus is enabled at once')
  await advance(10_000)
  const as = { securityModel: 'snmpv2c', securityName: 'writer', securityLevel: 'noAuthNoPriv', contextName: '' }
  assert.deepEqual(acts, [{ name: variable, value: integer(42), as }])
  assert.deepEqual(await get(21), { type: 'Counter32', value: 1 })
  assert.deepEqual(await get(16), { type: 'Counter32', value: 0 })
  assert.deepEqual(await get(17), integer(0))
  assert.deepEqual(await get(18), octets(0, 0, 0, 0, 0, 0, 0, 0))
  assert.deepEqual(await get(7, castellanEntry), { type: 'OctetString', value: new Uint8Array(Buffer.from('writer')) })
  await module.stop!()
})

test('who changes what is set lends the row his rights; who only switches it does not', async () => {
  const { set, acts, advance, module } = await bench()
  await set(periodic(10))
  assert.equal((await set([cell(14, integer(2)), cell(4, seconds(20))], 'v1')).errorStatus, 'noError')
  assert.equal((await set([cell(14, integer(enabled))], 'v1')).errorStatus, 'noError')
  await advance(20_000)
  assert.equal((await set([cell(12, integer(43))], 'v1')).errorStatus, 'noError')
  await advance(20_000)
  assert.deepEqual(
    acts.map(({ value, as }) => [value, as.securityModel]),
    [
      [integer(42), 'snmpv2c'],
      [integer(43), 'snmpv1'],
    ],
  )
  await module.stop!()
})

test('an enabled row is neither destroyed nor taken out of service (schedRowStatus)', async () => {
  const { set, get, acts, advance, module } = await bench()
  await set(periodic(10))
  for (const value of [6, 2]) {
    const { errorStatus, errorIndex } = await set([cell(20, integer(value))])
    assert.deepEqual([errorStatus, errorIndex], ['inconsistentValue', 1])
  }
  assert.equal((await set([cell(14, integer(2))])).errorStatus, 'noError')
  assert.deepEqual(await get(15), integer(2))
  assert.equal((await set([cell(20, integer(2))])).errorStatus, 'noError')
  assert.equal((await set([cell(14, integer(enabled))])).errorStatus, 'noError')
  assert.deepEqual(await get(15), integer(2), 'not while the row is not active')
  assert.equal((await set([cell(20, integer(1))])).errorStatus, 'noError')
  assert.deepEqual(await get(15), integer(1), 'both are so now')
  await set([cell(14, integer(2))])
  assert.equal((await set([cell(20, integer(6))])).errorStatus, 'noError')
  await advance(minuteMs)
  assert.deepEqual(acts, [])
  await module.stop!()
})

test('a calendar may be changed while it is enabled, and the next run is found again', async () => {
  const { set, get, acts, advance, module } = await bench()
  const calendar = [
    cell(5, octets(0xfe)),
    cell(6, octets(0xff, 0xf0)),
    cell(7, octets(0xff, 0xff, 0xff, 0xfe)), // short BITS: the rest is zero
    cell(8, octets(0xff, 0xff, 0xff)),
    cell(9, octets(0x40, 0, 0, 0, 0, 0, 0, 0)), // m1
    cell(13, integer(3)),
  ]
  assert.equal((await set([...periodic(0), ...calendar])).errorStatus, 'noError')
  assert.equal((await set([cell(9, octets(0x20, 0, 0, 0, 0, 0, 0, 0))])).errorStatus, 'noError')
  await advance(minuteMs)
  assert.equal(acts.length, 0)
  await advance(minuteMs)
  assert.equal(acts.length, 1)
  assert.deepEqual(await get(15), integer(3), 'a one-shot that ran is finished')
  assert.equal((await set([cell(14, integer(enabled))])).errorStatus, 'noError')
  assert.deepEqual(await get(15), integer(1), 'until it is enabled again')
  const refused = await set([cell(4, integer(5))])
  assert.equal(refused.errorStatus, 'wrongType')
  await module.stop!()
})

test('a failure shows in its row and is told with schedActionFailure', async () => {
  const { set, get, advance, told, failWith, module } = await bench()
  failWith({ status: 'noAccess', position: 1, sentence: 'writer may not write it' })
  await set(periodic(10))
  await advance(10_000)
  assert.deepEqual(await get(16), { type: 'Counter32', value: 1 })
  assert.deepEqual(await get(17), integer(6))
  const failed = await get(18)
  assert.ok(failed.type === 'OctetString' && failed.value.length === 11)
  assert.deepEqual([...failed.value.subarray(0, 3)], [2026 >> 8, 2026 & 255, 11])
  assert.deepEqual(told, ['schedActionFailure n 2: schedule o/n failed: writer may not write it'])
  await module.stop!()
})

test('schedLocalTime has eleven octets, so that a manager sees the offset', async () => {
  const { module } = await bench()
  const engine = testEngine([module], { included: [oid('1.3')] })
  const name = oid('1.3.6.1.2.1.63.1.1.0')
  const answer = await engine.ask({ type: 'getRequest', varbinds: [{ name, value: { type: 'Null' } }] })
  const value = answer!.varbinds[0]!.value
  assert.ok(value.type === 'OctetString' && value.value.length === 11)
  await module.stop!()
})

test('the module refuses a process without the agent', async () => {
  const { module } = scheduleModule(resolveHome(mkdtempSync(join(tmpdir(), 'schedule-'))))
  await assert.rejects(module.start!({ log: silentLog } as ModuleHost), /sets objects of the agent/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AuditLog } from '../../agent/audit.ts'
import { AuthenticationFailures } from '../../agent/authentication-failures.ts'
import type { SetRecord } from '../../agent/set-record.ts'
import { AuditFile } from '../../lib/log/audit-file.ts'
import { createLog, silentLog } from '../../lib/log/log.ts'
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { Names } from '../../lib/mib/names.ts'
import { displayString } from '../../lib/mib/syntax.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { type UsmCounter, usmCounters } from '../../snmp/security/usm/usm.ts'
import { agentxEngine, ScriptedSubagent } from '../support/agentx.ts'
import { until } from '../support/appliance.ts'
import { testEngine } from '../support/engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'audit-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const door = defineScalars({
  name: 'door',
  oid: '1.3.6.1.4.1.32473.99.3',
  objects: { doorSign: column(1, displayString(), 'read-write'), doorColour: column(2, displayString()) },
})
const doorSign: Oid = [...door.entry, 1, 0]
const doorColour: Oid = [...door.entry, 2, 0]
const elsewhere: Oid = [1, 3, 6, 1, 2, 1, 1, 4, 0]
const text = (value: string) => ({ type: 'OctetString', value: Uint8Array.from(Buffer.from(value)) }) as const

function engineWithDoor() {
  const served = serve(door)
  served.table.put({ doorSign: 'closed', doorColour: 'red' })
  const module: MibModule = { name: 'door', description: '', oid: [1], tables: [anyServing(served)] }
  const records: SetRecord[] = []
  const tested = testEngine(
    [module],
    { included: [[1, 3]] },
    { included: [door.entry] },
    {
      onSet: (record) => void records.push(record),
    },
  )
  return { ...tested, records }
}

test('every way in which a SET is refused is recorded: who, from where, what and why', async () => {
  const { ask, records } = engineWithDoor()
  const set = (name: Oid, options: { community?: string; version?: 'v1' | 'v2c' } = {}) =>
    ask({ type: 'setRequest', varbinds: [{ name, value: text('open') }] }, { ...options, address: '192.0.2.7' })
  await set(doorSign, { community: 'public' })
  await set(doorSign, { community: 'public', version: 'v1' })
  await set(doorSign, { community: 'nogroup' })
  await set(elsewhere)
  await set(doorColour)
  await ask({ type: 'setRequest', varbinds: [{ name: doorSign, value: { type: 'Integer32', value: 1 } }] })
  assert.deepEqual(
    records.map(({ requester, status, reason = '' }) => [requester.securityName, status, reason]),
    [
      ['reader', 'authorizationError', 'no write view: noSuchView'],
      ['reader', 'authorizationError', 'no write view: noSuchView'],
      ['stranger', 'authorizationError', 'no write view: noGroupName'],
      ['writer', 'noAccess', ''],
      ['writer', 'notWritable', ''],
      ['writer', 'wrongType', ''],
    ],
  )
  assert.ok(records.slice(0, 5).every(({ remote }) => remote?.address === '192.0.2.7'))
  assert.deepEqual(records[0]!.varbinds, [{ name: doorSign, value: text('open'), position: 1 }])
})

test('SETs that find the queue full are recorded like all others', async () => {
  const { ask, records } = engineWithDoor()
  const set = () => ask({ type: 'setRequest', varbinds: [{ name: doorSign, value: text('open') }] })
  await Promise.all(Array.from({ length: 70 }, set))
  const full = records.filter(({ status }) => status === 'resourceUnavailable')
  assert.equal(records.length, 70)
  assert.deepEqual(
    full.map(({ reason }) => reason),
    Array(6).fill('too many requests wait already'),
  )
})

test('refusals beyond the limit are counted in the audit log, and SETs that were done are all there', () => {
  const clock = new ManualClock()
  const path = join(folder, 'limited.log')
  const audit = new AuditLog({ path, clock, log: silentLog, names: new Names([door as never]) })
  const record = (status: SetRecord['status']): SetRecord => ({
    requester: { securityModel: 'snmpv2c', securityName: 'reader', securityLevel: 'noAuthNoPriv', contextName: '' },
    remote: { address: '192.0.2.7', port: 9 },
    varbinds: [{ name: doorSign, value: text('open'), position: 1 }],
    before: [],
    status,
  })
  const lines = () =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { status?: string; refusalsLeftOut?: number })
  for (let i = 0; i < 5000; i++) audit.write(record('authorizationError'))
  audit.write(record('noError'))
  for (let i = 0; i < 300; i++) audit.write(record('noError'))
  for (let i = 0; i < 1000; i++) audit.write(record('noAccess'))
  clock.advance(60_000)
  const refused = lines().filter(({ status }) => status !== undefined && status !== 'noError').length
  const leftOut = lines().reduce((sum, { refusalsLeftOut = 0 }) => sum + refusalsLeftOut, 0)
  assert.equal(refused + leftOut, 6000)
  assert.ok(refused <= 200, `${refused} lines of refusals`)
  assert.equal(lines().filter(({ status }) => status === 'noError').length, 301)
})

test('a SET that was refused is a line with the reason, and the new value of what was asked for', () => {
  const path = join(folder, 'one.log')
  const clock = new ManualClock()
  const audit = new AuditLog({ path, clock, log: silentLog, names: new Names([door as never]) })
  audit.write({
    requester: { securityModel: 'usm', securityName: 'eve', securityLevel: 'authPriv', contextName: 'x' },
    remote: { address: '2001:db8::7', port: 99 },
    varbinds: [{ name: doorSign, value: text('open'), position: 1 }],
    before: [],
    status: 'snmpUnknownContexts',
    reason: 'there is no context x',
  })
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    time: new Date(clock.now()).toISOString(),
    securityName: 'eve',
    securityModel: 'usm',
    securityLevel: 'authPriv',
    from: '[2001:db8::7]:99',
    status: 'snmpUnknownContexts',
    reason: 'there is no context x',
    varbinds: [{ name: 'doorSign.0', oid: '1.3.6.1.4.1.32473.99.3.1.0', old: null, new: 'open' }],
  })
})

test('an order over a control socket is a line, whether it was done or refused', async () => {
  const path = join(folder, 'orders.log')
  const audit = new AuditFile({ path, clock: new ManualClock(), log: silentLog })
  assert.equal(await audit.order('agent.ctl', ['reload'], async () => 'reloaded'), 'reloaded')
  const refused = audit.order('subagents.ctl', ['restart', 'critap\u001b[2J'], async () => {
    throw new Error('there is no such module')
  })
  await assert.rejects(refused, /no such module/)
  const octets = readFileSync(path, 'utf8')
  assert.doesNotMatch(octets, /\u001b/)
  const by = `uid ${process.getuid!()} or root`
  assert.deepEqual(
    octets
      .trim()
      .split('\n')
      .map((line) => ({ ...JSON.parse(line), time: '' })),
    [
      { time: '', order: 'reload', over: 'agent.ctl', by, status: 'done' },
      {
        ...{ time: '', order: 'restart critap\u001b[2J', over: 'subagents.ctl', by },
        ...{ status: 'refused', reason: 'there is no such module' },
      },
    ],
  )
})

test('messages that are not authentic leave a line each, and a notification where that is what RFC 3418 means', () => {
  const clock = new ManualClock()
  let said = ''
  const notified: string[] = []
  const failures = new AuthenticationFailures({
    clock,
    log: createLog({ component: 'agent', write: (line) => (said += line) }),
    notify: (sentence) => notified.push(sentence),
  })
  const remote = { address: '192.0.2.7', port: 9 }
  failures.wrongCommunity(remote)
  for (const refusal of Object.keys(usmCounters) as UsmCounter[]) failures.usmRefused(refusal, 'eve\u001b[2J', remote)
  assert.equal(said.split('\n').length - 1, 7)
  assert.doesNotMatch(said, /\u001b/)
  assert.deepEqual(
    notified.map((sentence) => sentence.replace(/ \(user .*/, '')),
    [
      '192.0.2.7 used a community that is not known here',
      '192.0.2.7 asked for a level that the user has no keys for',
      '192.0.2.7 named a user who is not known here',
      '192.0.2.7 sent a message whose digest is wrong',
    ],
  )
  for (let i = 0; i < 10_000; i++) failures.usmRefused('usmStatsWrongDigests', 'ann', remote)
  assert.equal(said.split('\n').length - 1, 10, 'ten at once')
  clock.advance(1000)
  failures.usmRefused('usmStatsWrongDigests', 'ann', remote)
  assert.match(said, /leftOut=9997\n$/)
  assert.match(notified.at(-1)!, /, and 9997 more messages before were not authentic$/)
})

test('a SET of what a subagent serves is recorded with the old value, which is asked for once, and none where it does not say', async () => {
  const records: SetRecord[] = []
  const engine = await agentxEngine([], undefined, undefined, {}, undefined, {
    onSet: (record) => void records.push(record),
  })
  const subagent = await ScriptedSubagent.open(engine.path)
  const old = [text('closed'), { type: 'noSuchInstance' } as const]
  const names = [doorSign, doorColour]
  subagent.respond = (pdu) => {
    const response = { type: 'response', upTimeTicks: 0, index: 0 } as const
    if (pdu.type === 'cleanupSet') return undefined
    const varbinds = pdu.type === 'get' ? names.map((name, i) => ({ name, value: old[i]! })) : []
    return { ...response, error: 0, varbinds }
  }
  assert.equal(await subagent.register('1.3.6.1.4.1.32473.99.3'), 0)
  const set = (varbinds = names.map((name) => ({ name, value: text('open') }))) =>
    engine.ask({ type: 'setRequest', varbinds }, { address: '192.0.2.7' })
  await set()
  assert.deepEqual(records[0]?.before, [text('closed'), undefined])
  assert.equal(records[0]?.status, 'noError')
  // The clean-up is for the subagent alone: nobody waits for it.
  await until(() => subagent.requests.length === 4, 5000, 'the clean-up')
  assert.deepEqual(
    subagent.requests.map(({ type }) => type),
    ['get', 'testSet', 'commitSet', 'cleanupSet'],
  )
  const { respond } = subagent
  subagent.respond = (pdu) => (pdu.type === 'get' ? undefined : respond(pdu))
  await set()
  assert.deepEqual(records[1]?.before, [undefined, undefined])
  assert.equal(records[1]?.status, 'noError', 'a SET does not fail for the sake of its record')
  subagent.end()
  await engine.stop()
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { headerLength } from '../../../agentx/decode.ts'
import { type AgentxType, agentxError, agentxFlag, agentxType } from '../../../agentx/pdu.ts'
import { OctetAccount } from '../../../lib/bounds/octet-account.ts'
import { oid } from '../../../lib/smi/oid.ts'
import { type AgentxEngine, agentxEngine, answer, ScriptedSubagent } from '../../support/agentx.ts'
import { until } from '../../support/appliance.ts'

const region = '1.3.6.1.4.1.32473.99.1'
let engine: AgentxEngine
let subagent: ScriptedSubagent
let account: OctetAccount

beforeEach(async () => {
  account = new OctetAccount(32 << 20)
  const accounts = { subagents: account, sipd: account, others: account }
  engine = await agentxEngine([], undefined, undefined, { accounts })
  subagent = await ScriptedSubagent.open(engine.path)
})

afterEach(async () => {
  subagent.end()
  await engine.stop()
})

/** A PDU whose payload is of no form: whoever decodes it finds that out. */
function broken(type: AgentxType, octets: number, sessionId = subagent.sessionId): Buffer {
  const pdu = Buffer.alloc(headerLength + octets, 0xff)
  pdu.set([1, agentxType[type], agentxFlag.networkByteOrder, 0])
  pdu.writeUInt32BE(sessionId, 4)
  pdu.writeUInt32BE(octets, 16)
  return pdu
}

function unreadable(type: AgentxType, octets: number, sessionId?: number): Promise<number> {
  return subagent.answerTo(broken(type, octets, sessionId))
}

async function goesOn(): Promise<void> {
  assert.equal((await subagent.ask({ type: 'ping' })).error, 0, 'the session goes on')
}

test('a notification of more than 8 KB is refused by its header, unread, and the session goes on', async () => {
  assert.equal(await unreadable('notify', 8196), agentxError.processingError)
  assert.equal(await unreadable('notify', 1 << 20), agentxError.processingError)
  await goesOn()
  assert.equal(account.refused, 2)
})

test('nothing is held of what is passed over, in however many pieces it comes, and what follows it is read', async () => {
  const before = account.held
  const pdu = broken('notify', 1 << 20)
  const pieces = Array.from({ length: 64 }, (_, i) => pdu.subarray(i * 16_384, (i + 1) * 16_384))
  const refused = subagent.answerTo(pieces[0]!)
  assert.equal(await refused, agentxError.processingError, 'before the rest of it has come')
  assert.equal(account.held, before)
  for (const piece of pieces.slice(1)) subagent.socket.write(piece)
  subagent.socket.write(pdu.subarray(64 * 16_384))
  await goesOn()
  assert.equal(account.held, before)
})

test('one of 8 KB is read', async () => {
  void unreadable('notify', 8192)
  await until(() => engine.master.sessions.length === 0, 3000, 'the session, which sent what cannot be read')
})

test('other requests of a subagent have 64 KB, and those that only a master sends too', async () => {
  const types = ['indexAllocate', 'indexDeallocate', 'register', 'addAgentCaps', 'testSet', 'get', 'getBulk'] as const
  for (const type of types) assert.equal(await unreadable(type, 65_540), agentxError.processingError, type)
  await goesOn()
})

test('a large PDU of a session that is none, or that another connection has, is refused unread', async () => {
  const other = await ScriptedSubagent.open(engine.path)
  for (const sessionId of [4711, other.sessionId])
    assert.equal(await unreadable('notify', 1 << 20, sessionId), agentxError.notOpen)
  assert.equal((await other.ask({ type: 'ping' })).error, 0)
  await goesOn()
  other.end()
})

test('a second session on a connection has as many octets for its Open PDU as the first', async () => {
  assert.equal(await unreadable('open', 16_388, 0), agentxError.openFailed)
  await goesOn()
})

test('a large response that nobody waits for is left unread, and one that was asked for is read', async () => {
  void unreadable('response', 1 << 20)
  await goesOn()
  const value = { type: 'OctetString', value: new Uint8Array(50_000) } as const
  subagent.respond = () => answer([{ name: oid(`${region}.1`), value }])
  assert.equal(await subagent.register(region), 0)
  const [session] = engine.master.sessions
  const got = await session?.get([oid(`${region}.1`)], 1000)
  assert.deepEqual(got?.[0]?.value, value)
})

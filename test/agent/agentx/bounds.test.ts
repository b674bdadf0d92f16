import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { AgentxWriter } from '../../../agentx/encode.ts'
import { agentxError } from '../../../agentx/pdu.ts'
import { getBulk } from '../../../agentx/search.ts'
import { OctetAccount } from '../../../lib/bounds/octet-account.ts'
import { createLog, silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineTable } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { Registry } from '../../../lib/mib/registry.ts'
import { integer32 } from '../../../lib/mib/syntax.ts'
import { oid } from '../../../lib/smi/oid.ts'
import type { Varbind } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { type AgentxEngine, agentxEngine, anyone, ScriptedSubagent } from '../../support/agentx.ts'
import { until } from '../../support/appliance.ts'

const root = '1.3.6.1.4.1.32473.99'
const under = root.split('.').length
let engine: AgentxEngine
let subagents: ScriptedSubagent[] = []

async function open(description?: string): Promise<ScriptedSubagent> {
  const subagent = await ScriptedSubagent.open(engine.path, 1, description)
  subagents.push(subagent)
  return subagent
}

afterEach(async () => {
  for (const subagent of subagents) subagent.end()
  subagents = []
  await engine?.stop()
})

test('ranges of 1,024 subtrees are had until a session has as many as a master keeps for one, and again when one is given back', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  const range = { rangeSubid: under + 1, upperBound: 1023, priority: 1 }
  const subtree = (i: number): string => `${root}.0.${i}`
  let taken = 0
  while ((await subagent.register(subtree(taken), range)) === 0) taken++
  assert.equal(taken, 4)
  assert.equal(await subagent.register(subtree(taken), range), agentxError.requestDenied)
  const body = { type: 'unregister', subtree: oid(subtree(0)), timeoutSeconds: 0, ...range } as const
  assert.equal((await subagent.ask(body)).error, 0)
  assert.equal(await subagent.register(subtree(taken), range), 0)
})

test('descriptions are kept as long as their objects may be, whatever a subagent sends', async () => {
  engine = await agentxEngine()
  const long = 'ä'.repeat(5000)
  const subagent = await open(long)
  await subagent.ask({ type: 'addAgentCaps', id: oid(root), description: long })
  const [session] = engine.master.sessions
  assert.equal(Buffer.byteLength(session!.description), 254)
  assert.deepEqual(
    [...session!.capabilities.values()].map(({ description }) => Buffer.byteLength(description)),
    [254],
  )
})

async function allocate(subagent: ScriptedSubagent, name: string, first: number, count: number): Promise<number> {
  const varbinds = Array.from(
    { length: count },
    (_, i): Varbind => ({ name: oid(`${root}.${name}`), value: { type: 'Integer32', value: first + i } }),
  )
  return (await subagent.ask({ type: 'indexAllocate', varbinds })).error
}

test('a session has 4,096 index values of all names together, and all sessions 65,536', async () => {
  engine = await agentxEngine()
  for (let session = 0; session < 16; session++) {
    const subagent = await open()
    for (const half of [0, 1]) assert.equal(await allocate(subagent, `${session}`, 2048 * half + 1, 2048), 0)
    assert.equal(await allocate(subagent, '99', session, 1), agentxError.indexNoneAvailable)
  }
  assert.equal(await allocate(await open(), '99', 1, 1), agentxError.indexNoneAvailable)
  subagents[0]!.end()
  await until(() => engine.master.sessions.length === 16, 3000)
  assert.equal(await allocate(subagents.at(-1)!, '99', 1, 1), 0)
})

test('an index value that no name could hold is refused, and names go with the sessions that had values of them', async () => {
  const others = new OctetAccount(32 << 20)
  const accounts = { subagents: others, sipd: others, others }
  engine = await agentxEngine([], undefined, undefined, { accounts })
  const before = others.held
  const subagent = await open()
  const long = { type: 'OctetString', value: new Uint8Array(129) } as const
  const varbinds = [{ name: oid(root), value: long }]
  const asked = await subagent.ask({ type: 'indexAllocate', varbinds })
  assert.equal(asked.error, agentxError.indexNoneAvailable)
  for (let name = 0; name < 1000; name++) assert.equal(await allocate(subagent, `7.${name}`, 1, 1), 0)
  assert.ok(others.held > before + 256_000, `${others.held} octets held`)
  subagent.end()
  await until(() => others.held === before, 3000, 'what it had')
})

test('what a session holds is bounded in octets, whatever it is made of; it is refused, counted, and said in one line', async () => {
  const lines: string[] = []
  const others = new OctetAccount(64 * 1024)
  const log = createLog({ component: 'test', write: (line) => lines.push(line) })
  engine = await agentxEngine([], undefined, undefined, { accounts: { subagents: others, sipd: others, others }, log })
  const subagent = await open()
  let taken = 0
  while (taken < 200 && (await subagent.register(`${root}.1.${taken}`)) === 0) taken++
  assert.ok(taken > 10 && taken < 64, `${taken} registrations`)
  for (let i = 0; i < 100; i++) assert.equal(await subagent.register(`${root}.1.${taken}`), agentxError.requestDenied)
  assert.equal(others.refused, 101)
  const said = lines.filter((line) => line.includes('refused what a subagent asked for'))
  assert.ok(said.length > 0 && said.length < 20, `${said.length} lines`)
  assert.equal((await subagent.ask({ type: 'ping' })).error, 0, 'the session goes on')
})

const trapOf = (more: number, octets = 0): Varbind[] => [
  { name: oid('1.3.6.1.6.3.1.1.4.1.0'), value: { type: 'ObjectIdentifier', value: oid(`${root}.0.1`) } },
  ...Array.from(
    { length: more },
    (_, i): Varbind => ({ name: oid(`${root}.1.${i}`), value: { type: 'OctetString', value: new Uint8Array(octets) } }),
  ),
]

test('a notification has 64 varbinds and 8 KB at most, and comes no oftener than its socket lets it', async () => {
  const clock = new ManualClock()
  const trust = { ...anyone, notifications: { burst: 5, perSecond: 1 } }
  engine = await agentxEngine([], undefined, undefined, { clock }, trust)
  const [one, other] = [await open(), await open()]
  const notify = async (from: ScriptedSubagent, varbinds: Varbind[]): Promise<number> =>
    (await from.ask({ type: 'notify', varbinds })).error
  assert.equal(await notify(one, trapOf(64)), agentxError.processingError, '65 varbinds')
  assert.equal(await notify(one, trapOf(1, 9000)), agentxError.processingError, '9,000 octets')
  assert.equal(await notify(one, trapOf(63)), 0)
  assert.equal(await notify(one, trapOf(1, 8000)), 0)
  for (let i = 0; i < 3; i++) assert.equal(await notify(other, trapOf(0)), 0)
  assert.equal(await notify(one, trapOf(0)), agentxError.processingError, 'the sixth at this socket')
  assert.equal(await notify(other, trapOf(0)), agentxError.processingError)
  clock.advance(1000)
  assert.equal(await notify(one, trapOf(0)), 0, 'a second later')
  assert.equal(engine.notifications.length, 6)
})

async function connect(): Promise<Socket> {
  const socket = createConnection({ path: engine.path })
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  return socket
}

test('of the connections without a session the oldest gives way to the 65th, and those with one go on', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  const sockets: Socket[] = []
  try {
    for (let i = 0; i < 64; i++) sockets.push(await connect())
    await until(() => engine.master.state.connections.length === 65, 3000)
    const isClosed = once(sockets[0]!, 'close')
    sockets.push(await connect())
    await isClosed
    assert.equal(engine.master.state.connections.length, 65)
    assert.equal(await subagent.register(`${root}.1`), 0)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test('a connection that opens no session within 10 s is closed, and so is one that never ends its PDU, however it drips', async () => {
  const clock = new ManualClock()
  engine = await agentxEngine([], undefined, undefined, { clock })
  const [idle, dripping] = [await connect(), await open()]
  const [idleClosed, drippingClosed] = [once(idle, 'close'), once(dripping.socket, 'close')]
  const steady = await open()
  dripping.socket.write(Uint8Array.of(1, 13, 16, 0))
  await until(async () => (await steady.ask({ type: 'ping' })).error === 0, 1000)
  clock.advance(1000)
  dripping.socket.write(Uint8Array.of(0, 0))
  await until(async () => (await steady.ask({ type: 'ping' })).error === 0, 1000)
  clock.advance(9000)
  await idleClosed
  assert.equal(engine.master.sessions.length, 2, 'the one that drips has 10 s from the look that saw it first')
  clock.advance(2000)
  await drippingClosed
  await until(() => engine.master.sessions.length === 1, 3000)
  assert.equal((await steady.ask({ type: 'ping' })).error, 0)
})

test('what is held of half a PDU, and for a peer that does not read, is in the account of its socket', async () => {
  const others = new OctetAccount(300_000)
  engine = await agentxEngine([], undefined, undefined, { accounts: { subagents: others, sipd: others, others } })
  const subagent = await open()
  await subagent.register(`${root}.1`)
  const [session] = engine.master.sessions
  const got = session?.get([oid(`${root}.1.1`)], 5000).catch(() => undefined)
  await until(() => subagent.requests.length > 0, 3000, 'the request, whose answer may be large')
  const before = others.held
  const half = Buffer.alloc(200_000)
  half.set([1, 18, 16, 0])
  half.writeUInt32BE(subagent.sessionId, 4)
  half.writeUInt32BE(subagent.requests[0]!.packetId, 12)
  half.writeUInt32BE(1_000_000, 16)
  subagent.socket.write(half)
  await until(() => others.held >= before + 200_000, 3000, 'the half')
  subagent.socket.write(half)
  await once(subagent.socket, 'close')
  await until(() => others.held < before, 3000, 'all given back')
  await got
  assert.equal(others.refused, 1)
  const deaf = await connect()
  deaf.pause()
  const ping = new AgentxWriter()
  ping.pdu({ flags: 0, sessionId: 0, transactionId: 0, packetId: 0 }, { type: 'ping' })
  const pings = Buffer.concat(Array<Buffer>(20_000).fill(ping.take()))
  const isClosed = new Promise((resolve) => deaf.on('close', resolve))
  deaf.write(pings)
  await isClosed
  await until(() => others.held === 0, 3000, 'all given back')
})

test('before there is a session a PDU has 16 KB', async () => {
  engine = await agentxEngine()
  const socket = await connect()
  const header = Buffer.alloc(20)
  header.set([1, 1, 16, 0])
  header.writeUInt32BE(16 * 1024 + 4, 16)
  const isClosed = once(socket, 'close')
  socket.write(header)
  await isClosed
})

test('a subagent that registers hundreds of regions has AGENTX-MIB shown at once, and then every 250 ms, not for each of them', async () => {
  const clock = new ManualClock()
  const shown: number[] = []
  engine = await agentxEngine([], undefined, undefined, {
    clock,
    onChange: () => shown.push(engine.master.state.registrations.length),
  })
  const subagent = await open()
  for (let i = 1; i <= 100; i++) await subagent.register(`${root}.1.${i}`)
  clock.advance(0)
  assert.deepEqual(shown, [100])
  for (let i = 1; i <= 100; i++) await subagent.register(`${root}.2.${i}`)
  clock.advance(249)
  assert.deepEqual(shown, [100])
  clock.advance(1)
  assert.deepEqual(shown, [100, 200])
  clock.advance(10_000)
  assert.deepEqual(shown, [100, 200], 'nothing changed')
  subagent.end()
  await until(() => engine.master.sessions.length === 0, 5000)
  clock.advance(0)
  assert.deepEqual(shown, [100, 200, 0])
})

test('a GetBulk for 65,535 repetitions gives no more varbinds than any message holds', () => {
  const numbers = defineTable({
    name: 'numbersTable',
    oid: `${root}.4`,
    index: { number: column(1, integer32(1, 20_000), 'not-accessible') },
    columns: { square: column(2, integer32()) },
  })
  const served = serve(numbers)
  for (let number = 1; number <= 20_000; number++) served.table.put({ number, square: number * number })
  const registry = new Registry()
  registry.register(
    new ModuleBackend({ name: 'numbers', description: '', oid: [1], tables: [anyServing(served)] }, { log: silentLog }),
  )
  const range = { start: oid(`${root}.4`), include: false, end: [] }
  const varbinds = getBulk(registry, [range, range], 1, 0xffff)
  assert.ok(varbinds.length * 12 > 65_507, `${varbinds.length} varbinds are fewer than a message may hold`)
  assert.ok(varbinds.length < 10_000, `${varbinds.length} varbinds`)
})

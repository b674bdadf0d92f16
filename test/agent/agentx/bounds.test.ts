import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { agentxError } from '../../../agent/agentx/pdu.ts'
import { getBulk } from '../../../agent/agentx/search.ts'
import { Registry } from '../../../agent/dispatch/registry.ts'
import { ManualClock } from '../../../lib/clock.ts'
import { silentLog } from '../../../lib/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineTable } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { integer32 } from '../../../lib/mib/syntax.ts'
import { oid } from '../../../lib/smi/oid.ts'
import type { Varbind } from '../../../lib/smi/value.ts'
import { type AgentxEngine, agentxEngine, ScriptedSubagent } from '../../support/agentx.ts'
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
  assert.equal(taken, 16)
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

test('index values of all names together are bounded', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  const allocate = async (name: string, first: number, count: number): Promise<number> => {
    const varbinds = Array.from(
      { length: count },
      (_, i): Varbind => ({ name: oid(`${root}.${name}`), value: { type: 'Integer32', value: first + i } }),
    )
    return (await subagent.ask({ type: 'indexAllocate', varbinds })).error
  }
  for (let name = 1; name <= 8; name++) assert.equal(await allocate(`${name}`, 1, 8192), 0)
  assert.equal(await allocate('9', 1, 1), agentxError.indexNoneAvailable)
  assert.equal(await allocate('1', 8193, 1), agentxError.indexNoneAvailable)
})

test('connections beyond 512 at one socket are closed, and those before go on', { timeout: 30_000 }, async () => {
  engine = await agentxEngine()
  const sockets: Socket[] = []
  const subagent = await open()
  try {
    for (let i = 1; i < 512; i++) {
      const socket = createConnection({ path: engine.path })
      sockets.push(socket)
      await once(socket, 'connect')
    }
    await until(() => engine.master.state.connections.length === 512, 3000)
    const over = createConnection({ path: engine.path })
    over.on('error', () => {})
    over.resume()
    await once(over, 'close')
    assert.equal(await subagent.register(`${root}.1`), 0)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
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

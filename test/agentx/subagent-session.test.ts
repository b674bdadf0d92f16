import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AgentxConnection } from '../../agentx/connection.ts'
import { type AgentxPdu, agentxError } from '../../agentx/pdu.ts'
import { AgentxSession } from '../../agentx/subagent-session.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { displayString } from '../../lib/mib/syntax.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import { nullValue } from '../../lib/smi/value.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { type AgentxEngine, agentxEngine, answer, ScriptedSubagent } from '../support/agentx.ts'
import { until } from '../support/appliance.ts'

const root = '1.3.6.1.4.1.32473.99'
const door = defineScalars({ name: 'door', oid: `${root}.3`, objects: { doorSign: column(1, displayString()) } })

function doorModule(): MibModule {
  const served = serve(door)
  served.table.put({ doorSign: 'open' })
  return { name: 'door', description: '', oid: [1, 3], tables: [anyServing(served)] }
}

let folder: string
let path: string
let clock: ManualClock
let stopping: (() => void | Promise<void>)[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'session-'))
  path = join(folder, 'master')
  clock = new ManualClock()
  stopping = []
})
afterEach(async () => {
  for (const stop of stopping.toReversed()) await stop()
  rmSync(folder, { recursive: true, force: true })
})

function startSession(at = path, backends = [doorModule()]): AgentxSession {
  const session = new AgentxSession({
    address: { path: at },
    id: [1, 3],
    description: 'ours',
    clock,
    log: silentLog,
    backends: backends.map((module) => new ModuleBackend(module, { log: silentLog })),
  })
  stopping.push(() => session.stop())
  session.start()
  return session
}

/** A master by hand: it answers as `respond` has it, and keeps its connections. */
class ScriptedMaster {
  readonly sockets: Socket[] = []
  readonly received: AgentxPdu[] = []
  readonly #server: Server

  constructor(respond: (pdu: AgentxPdu) => number | undefined) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket)
      const connection: AgentxConnection = new AgentxConnection(socket, {
        pdu: (pdu) => {
          this.received.push(pdu)
          const error = respond(pdu)
          const { transactionId, packetId } = pdu
          if (error !== undefined)
            connection.send({ flags: 0, sessionId: 1, transactionId, packetId }, answer([], error))
        },
        broken: (_, error) => {
          throw error
        },
        closed: () => {},
      })
    })
    stopping.push(() => {
      for (const socket of this.sockets) socket.destroy()
      this.#server.close()
    })
  }

  async listen(): Promise<this> {
    this.#server.listen(path)
    await once(this.#server, 'listening')
    return this
  }

  count(type: AgentxPdu['type']): number {
    return this.received.filter((pdu) => pdu.type === type).length
  }
}

/** Time passes in steps, with the network's turns between them, until it is so. */
async function pass(stepMs: number, isSo: () => boolean, atMostMs: number): Promise<void> {
  for (let passedMs = 0; !isSo(); passedMs += stepMs) {
    assert.ok(passedMs <= atMostMs, `not within ${atMostMs} ms`)
    clock.advance(stepMs)
    for (let turn = 0; turn < 50 && !isSo(); turn++) await new Promise(setImmediate)
  }
}

test('a master that accepts a connection and says nothing is left after 5 s for another connection', async () => {
  const master = await new ScriptedMaster(() => undefined).listen()
  startSession()
  await until(() => master.sockets.length === 1, 5000)
  clock.advance(4999)
  await new Promise(setImmediate)
  assert.equal(master.sockets[0]?.destroyed, false)
  await pass(500, () => master.sockets.length === 2, 2000)
  await until(() => master.sockets[0]!.destroyed, 5000, 'the end of the first')
})

test('a master that hangs once the session is open is left within 20 s, even one that reads nothing any more', async () => {
  let isHung = false
  const master = await new ScriptedMaster(() => (isHung ? undefined : 0)).listen()
  const session = startSession()
  await until(() => session.isOpen, 5000)
  isHung = true
  master.sockets[0]!.pause()
  // More than the socket's buffers take, so that nothing of it is ever written to its end.
  const name = oid(`${root}.1.0`)
  for (let i = 0; i < 1000; i++)
    session.notify(oid(`${root}.0.1`), [{ name, value: { type: 'OctetString', value: new Uint8Array(1000) } }])
  await new Promise(setImmediate)
  await pass(1000, () => !session.isOpen, 20_000)
  isHung = false
  await pass(500, () => session.isOpen, 5000)
  assert.equal(master.sockets.length, 2)
})

test('a master that was away for an hour has the regions again within 5 s of its return', async () => {
  const session = startSession()
  await pass(20_000, () => clock.monotonicMs() >= 3_600_000, 3_600_000)
  const master = await new ScriptedMaster(() => 0).listen()
  const backMs = clock.monotonicMs()
  await pass(100, () => session.isOpen, 5000)
  assert.ok(clock.monotonicMs() - backMs <= 5000)
  assert.equal(master.count('register'), 1)
})

test('a region that the master refused is asked for again until it is taken, and then no more', async () => {
  let isTaken = true
  const master = await new ScriptedMaster((pdu) =>
    pdu.type === 'register' && isTaken ? agentxError.duplicateRegistration : 0,
  ).listen()
  const session = startSession()
  await until(() => session.isOpen, 5000)
  assert.equal(master.count('register'), 1)
  clock.advance(15_000)
  await until(() => master.count('register') === 2, 5000, 'the second try')
  isTaken = false
  clock.advance(15_000)
  await until(() => master.count('register') === 3, 5000, 'the third try')
  clock.advance(15_000)
  await until(() => master.count('ping') === 3, 5000)
  await new Promise(setImmediate)
  assert.equal(master.count('register'), 3)
})

test('our region comes to us once the session that had it before has ended', async () => {
  const engine: AgentxEngine = await agentxEngine()
  stopping.push(() => engine.stop())
  const other = await ScriptedSubagent.open(engine.path)
  await other.register(`${root}.3.1`)
  const session = startSession(engine.path)
  await until(() => session.isOpen, 5000)
  other.end()
  await until(() => engine.master.sessions.length === 1, 5000)
  const sign = async () =>
    (await engine.ask({ type: 'getRequest', varbinds: [{ name: oid(`${root}.3.1.0`), value: nullValue }] }))
      ?.varbinds[0]?.value.type
  assert.equal(await sign(), 'noSuchObject')
  clock.advance(15_000)
  await until(async () => (await sign()) === 'OctetString', 5000, 'our region')
})

test('a notification that gave way to newer ones takes none of them with it when it is acknowledged', async () => {
  const master = await new ScriptedMaster((pdu) => (pdu.type === 'notify' ? undefined : 0)).listen()
  const session = startSession()
  await until(() => session.isOpen, 5000)
  for (let i = 1; i <= 1001; i++) session.notify(oid(`${root}.0.${i}`), [])
  await until(() => master.count('notify') === 1001, 3000)
  // The first was dropped for the last; now the master acknowledges it.
  const { transactionId, packetId } = master.received.find(({ type }) => type === 'notify')!
  const late: AgentxConnection = new AgentxConnection(master.sockets[0]!, { pdu() {}, broken() {}, closed() {} })
  late.send({ flags: 0, sessionId: 1, transactionId, packetId }, answer([]))
  late.close()
  master.received.length = 0
  await pass(500, () => master.count('notify') >= 1000, 5000)
  const trapOids = master.received.flatMap((pdu) =>
    pdu.type === 'notify'
      ? pdu.varbinds.flatMap(({ value }) => (value.type === 'ObjectIdentifier' ? [value.value] : []))
      : [],
  )
  assert.equal(formatOid(trapOids.at(-1)!), `${root}.0.1001`)
  assert.equal(trapOids.length, 1000)
})

test('a subagent that hangs with its buffers full is let go of, and does not keep the master from stopping', async () => {
  const engine = await agentxEngine([], undefined, undefined, { timeoutLimitMs: () => 200 })
  stopping.push(() => engine.stop())
  const hung = await ScriptedSubagent.open(engine.path)
  await hung.register(`${root}.6`)
  hung.socket.pause()
  const varbinds = Array.from({ length: 100 }, (_, i) => ({ name: oid(`${root}.6.${i}`), value: nullValue }))
  const asked = Array.from({ length: 200 }, () => engine.ask({ type: 'getRequest', varbinds }))
  await until(() => engine.master.sessions.length === 0, 3000, 'the end of its session')
  await until(() => engine.master.state.connections.length === 0, 3000, 'the end of its connection')
  await engine.master.stop()
  await Promise.all(asked)
  hung.end()
})

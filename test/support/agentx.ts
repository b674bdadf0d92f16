/** An engine with an AgentX master on a socket of its own, subagents of ours behind it, and subagents that do what a test says. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentxMaster, type MasterOptions } from '../../agent/agentx/master.ts'
import type { OpenSessions } from '../../agent/agentx/open-sessions.ts'
import type { EngineOptions } from '../../agent/engine.ts'
import type { TrustDomain } from '../../agent/trust/trust.ts'
import { AgentxConnection } from '../../agentx/connection.ts'
import type { AgentxBody, AgentxPdu, Registration } from '../../agentx/pdu.ts'
import { AgentxSession } from '../../agentx/subagent-session.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import type { MibModule } from '../../lib/mib/module.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { until } from './appliance.ts'
import { type Families, type TestEngine, testEngine } from './engine.ts'

export interface AgentxEngine extends TestEngine {
  readonly master: AgentxMaster
  /** The sessions of the master. */
  readonly open: OpenSessions
  readonly path: string
  readonly notifications: { trapOid: Oid; varbinds: readonly unknown[] }[]
  /** Serves modules as a subagent of ours; resolves when the master knows them. */
  serve(modules: readonly MibModule[]): Promise<AgentxSession>
  stop(): Promise<void>
}

/** A domain of tests that may do everything. */
export const anyone: TrustDomain = {
  name: 'others',
  label: undefined,
  mayServe: () => true,
  mayNotify: () => true,
  sessionsAtMost: 256,
  notifications: { burst: 1000, perSecond: 1000 },
}

const everything: Families = { included: [oid('1.3')] }

export async function agentxEngine(
  local: readonly MibModule[] = [],
  read: Families = everything,
  write: Families = read,
  options: Partial<MasterOptions> = {},
  trust: TrustDomain = anyone,
  engineOptions: Partial<EngineOptions> = {},
): Promise<AgentxEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'agentx-'))
  const path = join(folder, 'master')
  const engine = testEngine(local, read, write, { patienceMs: 5000, ...engineOptions })
  const notifications: AgentxEngine['notifications'] = []
  const open: OpenSessions = new Map()
  const master = new AgentxMaster({
    registry: engine.engine.registry,
    sessions: open,
    clock: systemClock,
    log: silentLog,
    upTimeTicks: () => 4711,
    defaultTimeoutMs: 1000,
    onNotify: (notification) => notifications.push(notification),
    ...options,
  })
  await master.listen({ path }, trust)
  const sessions: AgentxSession[] = []
  return {
    ...engine,
    master,
    open,
    path,
    notifications,
    async serve(modules) {
      const session = new AgentxSession({
        address: { path },
        id: [1, 3],
        description: 'a subagent of ours',
        clock: systemClock,
        log: silentLog,
        backends: modules.map((module) => new ModuleBackend(module, { log: silentLog })),
      })
      sessions.push(session)
      session.start()
      await until(() => session.isOpen, 3000, 'the session')
      return session
    },
    async stop() {
      for (const session of sessions) session.stop()
      await master.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Answer = Extract<AgentxPdu, { type: 'response' }>
type Respond = (pdu: AgentxPdu) => Extract<AgentxBody, { type: 'response' }> | undefined

/** A subagent by hand: says what it is told to, and answers as `respond` has it. */
export class ScriptedSubagent {
  readonly socket: Socket
  readonly #connection: AgentxConnection
  readonly #answers = new Map<number, (pdu: Answer) => void>()
  readonly requests: AgentxPdu[] = []
  sessionId = 0
  isClosed = false
  respond: Respond = () => undefined
  #packetId = 0

  private constructor(socket: Socket) {
    this.socket = socket
    this.#connection = new AgentxConnection(socket, {
      pdu: (pdu) => this.#receive(pdu),
      broken: (_, error) => {
        throw error
      },
      closed: () => {
        this.isClosed = true
      },
    })
  }

  static async open(path: string, timeoutSeconds = 1, description = 'scripted'): Promise<ScriptedSubagent> {
    const socket = createConnection({ path })
    await once(socket, 'connect')
    const subagent = new ScriptedSubagent(socket)
    const answer = await subagent.ask({ type: 'open', timeoutSeconds, id: [1, 3], description })
    subagent.sessionId = answer.sessionId
    return subagent
  }

  /** Gives res.error. */
  async register(subtree: string, over: Partial<Omit<Registration, 'subtree'>> = {}) {
    const registration = { timeoutSeconds: 0, priority: 127, rangeSubid: 0, upperBound: 0, ...over }
    const answer = await this.ask({ type: 'register', subtree: oid(subtree), ...registration })
    return answer.error
  }

  ask(body: AgentxBody, flags = 0): Promise<Answer> {
    const answer = this.#nextAnswer()
    this.#connection.send({ flags, sessionId: this.sessionId, transactionId: 0, packetId: this.#packetId }, body)
    return answer
  }

  /** Sends octets that are no PDU of ours, but for their header, which gets a number; gives res.error. */
  async answerTo(octets: Buffer): Promise<number> {
    const answer = this.#nextAnswer()
    octets.writeUInt32BE(this.#packetId, 12)
    this.socket.write(octets)
    return (await answer).error
  }

  #nextAnswer(): Promise<Answer> {
    this.#packetId++
    return new Promise((resolve) => this.#answers.set(this.#packetId, resolve))
  }

  end(): void {
    this.socket.destroy()
  }

  #receive(pdu: AgentxPdu): void {
    if (pdu.type === 'response') {
      this.#answers.get(pdu.packetId)?.(pdu)
      return
    }
    this.requests.push(pdu)
    const answer = this.respond(pdu)
    const { sessionId, transactionId, packetId } = pdu
    if (answer) this.#connection.send({ flags: 0, sessionId, transactionId, packetId }, answer)
  }
}

export function answer(varbinds: Extract<AgentxBody, { type: 'response' }>['varbinds'], error = 0, index = 0) {
  return { type: 'response', upTimeTicks: 0, error, index, varbinds } as const
}

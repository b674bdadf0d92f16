/**
 * Serves made-up requests on a server of its own, without a network, as soon as a worker serves: what refuses a flood is compiled before one
 * comes. Otherwise the first second of an attack is served by the interpreter while the compiler has the same core, and callers
 * wait up to 400 ms (docs/performance.md). In slices, so that whoever calls meanwhile waits for none longer than for a request.
 */
import { silentLog } from '../../lib/log/log.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { Account } from '../account/account.ts'
import type { ReadConfig } from '../config/read.ts'
import { MemoryLocation } from '../location/memory.ts'
import { noDebug } from '../log/error-log.ts'
import type { FormatLine } from '../log/log-format.ts'
import { createSipServer, type ServerSettings, type SipServer } from '../server/server.ts'
import { SipStatistics } from '../statistics/statistics.ts'
import { accessLine } from './access-entry.ts'
import { accountSettings } from './bounds.ts'
import { type MadeUp, madeUpAnswers, madeUpDomain, madeUpRequests } from './made-up.ts'
import { serverSettings } from './settings.ts'

/** Ten thousand messages, a second of processor: more than an attack was served until the compiler had done its part. */
const rounds = 600
const sliceMs = 1
/** A tenth of a core: a few seconds in all. */
const everyMs = 10

export class WarmUp {
  readonly #clock: Clock
  /** Until it is over. */
  #server: SipServer | undefined
  #store: MemoryLocation | undefined
  readonly #inbox: MadeUp[] = []
  #round = 0
  #timer: Timer | undefined

  /** Lines of the access log are made too, and not written. */
  constructor(configuration: ReadConfig, clock: Clock, formatAccess: FormatLine) {
    this.#clock = clock
    const log = silentLog
    const account = new Account(accountSettings(configuration), clock, log)
    const settings = madeUpSettings(serverSettings(configuration))
    const { listeners } = settings.identity
    const store = new MemoryLocation({ clock, cleanupEveryMs: 180_000, account })
    this.#store = store
    this.#server = createSipServer({
      settings,
      worker: 0,
      clock,
      log,
      debug: noDebug,
      sender: { send: (text, hop) => void this.#inbox.push(...madeUpAnswers(text, hop)) },
      store,
      statistics: new SipStatistics(clock),
      account,
      lookup: () => Promise.resolve([]),
      isConnectionOpen: () => false,
      onAnswered: (...answered) => void accessLine(formatAccess, listeners, clock.now(), answered),
    })
  }

  get isOver(): boolean {
    return this.#server === undefined || (this.#round >= rounds && this.#inbox.length === 0)
  }

  /** Goes on by itself from here, and ends by itself. */
  start(): void {
    this.#timer = this.#clock.after(everyMs, () => {
      this.slice()
      if (this.isOver) this.stop()
      else this.start()
    })
  }

  /** Serves for a millisecond, as far as there is anything left. */
  slice(): void {
    const untilMs = performance.now() + sliceMs
    while (!this.isOver && performance.now() < untilMs) {
      if (this.#inbox.length === 0) this.#inbox.push(...madeUpRequests(this.#round++))
      const next = this.#inbox.shift()
      if (next) this.#server?.core.receive(Buffer.from(next.text, 'latin1'), next.source)
    }
  }

  /** What it made is nobody's, and is let go. */
  stop(): void {
    this.#timer?.cancel()
    this.#server?.stop()
    this.#store?.stop()
    this.#server = undefined
    this.#store = undefined
    this.#inbox.length = 0
  }
}

/** With users of a domain that nobody has, half of whom are too many. */
function madeUpSettings(settings: ServerSettings): ServerSettings {
  const { identity, registrar } = settings
  return {
    ...settings,
    identity: { ...identity, domains: [madeUpDomain] },
    registrar: registrar && { ...registrar, newUsersPerMinute: rounds / 2 },
  }
}

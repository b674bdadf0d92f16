/** What the notification log holds, within its limits: the oldest entries give way. */
import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { NotificationMessage } from '../../snmp/notification.ts'
import type { TrustDomainName } from '../trust/trust.ts'
import { encodeLogged } from './notification-log-message.ts'
import { mostEntries } from './notification-log-tables.ts'

/** Who notified: the agent itself, or a process at one of its AgentX sockets. */
export type NotificationSource = 'agent' | TrustDomainName

/** What programs of others notify may take this part of the log, so that it does not push out what is ours. */
const partOfOthers = 1 / 4

/** The highest nlmLogIndex; the next one is 1 again (RFC 3014). */
export const lastOfIndexes = 0xffff_ffff

export interface LoggedNotification {
  readonly index: number
  readonly loggedAtMs: number
  /** As `Clock.monotonicMs` counts in this process; negative of one that an earlier process logged. */
  readonly loggedMonotonicMs: number
  /** Zero of one that was logged before the agent started (RFC 3014, nlmLogTime). */
  readonly upTimeTicks: number
  readonly source: NotificationSource
  readonly variables: number
  /** As `encodeLogged` writes it. */
  readonly message: Uint8Array
}

export interface LogEntriesOptions {
  readonly account: OctetAccount
  /** How many entries each of them allows; the least of them counts. */
  readonly limits: () => readonly number[]
  /** An entry came or went. */
  readonly onChange: () => void
  /** This one came. */
  readonly onAdd: (entry: LoggedNotification) => void
}

export class LogEntries {
  logged = 0
  bumped = 0
  readonly #options: LogEntriesOptions
  /** Oldest first. */
  readonly #held: LoggedNotification[] = []
  #lastIndex = 0
  /** How many of them are others'. */
  #ofOthers = 0

  constructor(options: LogEntriesOptions) {
    this.#options = options
  }

  /** Oldest first. */
  get held(): readonly LoggedNotification[] {
    return this.#held
  }

  /** Takes what an earlier process logged, which is older than all that is here; indexes go on after `lastIndex`. */
  restore(entries: readonly LoggedNotification[], lastIndex: number): void {
    this.#lastIndex = lastIndex
    for (const entry of entries) if (this.#makeRoom(octetsOf(entry), entry.source)) this.#push(entry)
    this.trim()
    this.#options.onChange()
  }

  add({ trapOid, upTimeTicks, varbinds }: NotificationMessage, clock: Clock, source: NotificationSource): void {
    const entry: LoggedNotification = {
      index: this.#lastIndex === lastOfIndexes ? 1 : this.#lastIndex + 1,
      loggedAtMs: clock.now(),
      loggedMonotonicMs: clock.monotonicMs(),
      upTimeTicks,
      source,
      variables: varbinds.length,
      message: encodeLogged(trapOid, varbinds),
    }
    if (!this.#makeRoom(octetsOf(entry), source)) {
      this.#options.account.refuse()
      return
    }
    this.#lastIndex = entry.index
    this.#push(entry)
    this.logged++
    this.trim()
    this.#options.onAdd(entry)
    this.#options.onChange()
  }

  /** Takes out what was logged before this. */
  removeUntil(monotonicMs: number): void {
    while (this.#held[0] && this.#held[0].loggedMonotonicMs < monotonicMs) this.#remove(0)
  }

  trim(): void {
    const most = this.#mostNow()
    while (this.#held.length > most) this.#bump(0)
  }

  #mostNow(): number {
    return Math.min(mostEntries, ...this.#options.limits())
  }

  /** Lets the oldest ones give way to a new one, of others to one of theirs; false when it is larger than the log. */
  #makeRoom(octets: number, source: NotificationSource): boolean {
    const { account } = this.#options
    if (source === 'others') {
      const mostOctets = account.most * partOfOthers
      if (octets > mostOctets) return false
      while (
        account.heldBy(source) + octets > mostOctets ||
        this.#ofOthers >= Math.ceil(this.#mostNow() * partOfOthers)
      )
        this.#bump(this.#held.findIndex((entry) => entry.source === source))
    }
    if (octets > account.most) return false
    while (account.held + octets > account.most) this.#bump(0)
    return account.take(octets, source)
  }

  #push(entry: LoggedNotification): void {
    this.#held.push(entry)
    if (entry.source === 'others') this.#ofOthers++
  }

  #bump(at: number): void {
    this.#remove(at)
    this.bumped++
  }

  #remove(at: number): void {
    const [entry] = this.#held.splice(at, 1)
    if (!entry) return
    if (entry.source === 'others') this.#ofOthers--
    this.#options.account.give(octetsOf(entry), entry.source)
    this.#options.onChange()
  }
}

/** What it takes in memory, about: the octets, and the objects around them. */
function octetsOf({ message }: LoggedNotification): number {
  return message.length + 300
}

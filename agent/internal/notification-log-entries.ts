/** What the notification log holds, within its limits: the oldest entries give way. */
import type { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type NotificationMessage, octetsHeldBy } from '../../snmp/notification.ts'
import type { TrustDomainName } from '../trust/trust.ts'
import { mostEntries, nlmLogTable, nlmLogVariableTable, valueTypes } from './notification-log-tables.ts'

/** Who notified: the agent itself, or a process at one of its AgentX sockets. */
export type NotificationSource = 'agent' | TrustDomainName

/** What programs of others notify may take this part of the log, so that it does not push out what is ours. */
const partOfOthers = 1 / 4

/** RFC 3014: the log that is always there. */
export const nameless = { nlmLogName: '' }

interface HeldEntry {
  readonly index: number
  readonly loggedMonotonicMs: number
  readonly variables: number
  readonly octets: number
  readonly source: NotificationSource
}

export class LogEntries {
  logged = 0
  bumped = 0
  readonly tables: readonly Serving[]
  readonly #entries = serve(nlmLogTable)
  readonly #variables = serve(nlmLogVariableTable)
  readonly #account: OctetAccount
  /** How many entries each of them allows; the least of them counts. */
  readonly #limits: () => readonly number[]
  /** Oldest first. */
  readonly #held: HeldEntry[] = []
  #lastIndex = 0

  constructor(account: OctetAccount, limits: () => readonly number[]) {
    this.#account = account
    this.#limits = limits
    this.tables = [this.#entries, this.#variables].map(anyServing)
  }

  add(message: NotificationMessage, clock: Clock, source: NotificationSource, engineId: Uint8Array): void {
    const octets = octetsInLog(message)
    if (!this.#makeRoom(octets, source)) {
      this.#account.refuse()
      return
    }
    const index = this.#lastIndex === 0xffff_ffff ? 1 : this.#lastIndex + 1
    this.#lastIndex = index
    this.#entries.table.put({
      ...nameless,
      nlmLogIndex: index,
      nlmLogTime: message.upTimeTicks,
      nlmLogDateAndTime: new Date(clock.now()),
      nlmLogEngineID: new Uint8Array(0),
      nlmLogEngineTAddress: new Uint8Array(0),
      nlmLogEngineTDomain: [0, 0],
      nlmLogContextEngineID: engineId,
      nlmLogContextName: '',
      nlmLogNotificationID: message.trapOid,
    })
    for (const [i, { name, value }] of message.varbinds.entries())
      this.#variables.table.put({
        ...nameless,
        nlmLogIndex: index,
        nlmLogVariableIndex: i + 1,
        nlmLogVariableID: name,
        ...typed(value),
      })
    const variables = message.varbinds.length
    this.#held.push({ index, loggedMonotonicMs: clock.monotonicMs(), variables, octets, source })
    this.logged++
    this.trim()
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
    return Math.min(mostEntries, ...this.#limits())
  }

  /** Lets the oldest ones give way to a new one, of others to one of theirs; false when it is larger than the log. */
  #makeRoom(octets: number, source: NotificationSource): boolean {
    const account = this.#account
    if (source === 'others') {
      const mostOctets = account.most * partOfOthers
      const ofOthers = (): number => this.#held.filter((entry) => entry.source === source).length
      if (octets > mostOctets) return false
      while (account.heldBy(source) + octets > mostOctets || ofOthers() >= Math.ceil(this.#mostNow() * partOfOthers))
        this.#bump(this.#held.findIndex((entry) => entry.source === source))
    }
    if (octets > account.most) return false
    while (account.held + octets > account.most) this.#bump(0)
    return account.take(octets, source)
  }

  #bump(at: number): void {
    this.#remove(at)
    this.bumped++
  }

  #remove(at: number): void {
    const [entry] = this.#held.splice(at, 1)
    if (!entry) return
    const { index: nlmLogIndex, variables, octets, source } = entry
    this.#entries.table.delete({ ...nameless, nlmLogIndex })
    for (let i = 1; i <= variables; i++)
      this.#variables.table.delete({ ...nameless, nlmLogIndex, nlmLogVariableIndex: i })
    this.#account.give(octets, source)
  }
}

/** Rows cost far more than what is in them. */
function octetsInLog({ trapOid, varbinds }: NotificationMessage): number {
  return octetsHeldBy(varbinds, 1400) + 1400 + 8 * trapOid.length
}

function typed(value: SnmpValue) {
  switch (value.type) {
    case 'Counter32':
      return { nlmLogVariableValueType: valueTypes.Counter32, nlmLogVariableCounter32Val: value.value }
    case 'Gauge32':
      return { nlmLogVariableValueType: valueTypes.Gauge32, nlmLogVariableUnsigned32Val: value.value }
    case 'TimeTicks':
      return { nlmLogVariableValueType: valueTypes.TimeTicks, nlmLogVariableTimeTicksVal: value.value }
    case 'Integer32':
      return { nlmLogVariableValueType: valueTypes.Integer32, nlmLogVariableInteger32Val: value.value }
    case 'IpAddress':
      return { nlmLogVariableValueType: valueTypes.IpAddress, nlmLogVariableIpAddressVal: value.value.join('.') }
    case 'ObjectIdentifier':
      return { nlmLogVariableValueType: valueTypes.ObjectIdentifier, nlmLogVariableOidVal: value.value }
    case 'Counter64':
      return { nlmLogVariableValueType: valueTypes.Counter64, nlmLogVariableCounter64Val: value.value }
    case 'Opaque':
      return { nlmLogVariableValueType: valueTypes.Opaque, nlmLogVariableOpaqueVal: value.value }
    default:
      return {
        nlmLogVariableValueType: valueTypes.OctetString,
        nlmLogVariableOctetStringVal: value.type === 'OctetString' ? value.value : new Uint8Array(0),
      }
  }
}

/** The octets that strangers make one process hold: of its traffic, and of its registrations, each with a bound of its own. */
import { BlockList, isIPv6 } from 'node:net'
import type { Log } from '../../lib/log/log.ts'
import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { type Holding, Ledger } from './ledger.ts'

export interface AccountSettings {
  /** Of transactions, half-sent messages, unread answers, calls and what waits for another worker (MaxOctets). */
  readonly trafficOctets: number
  /** RegistrarMaxOctets. Every worker has all registrations, and may hold so much of them. */
  readonly registrationOctets: number
  /** What one source may have of either, in percent (SourceSharePercent). */
  readonly sharePercent: number
  /** Sources that may have all of it (SourceShareExempt): addresses, and networks such as `192.0.2.0/24`. */
  readonly exempt: readonly string[]
  /** SourceSharePercent was not written: the appliance itself has no share. */
  readonly exemptsLoopback: boolean
}

/** What is held of a whole. */
export interface BudgetFigures {
  readonly octets: number
  readonly bound: number
}

/** The account as statistics and SNMP show it. */
export interface AccountFigures {
  readonly registrations: BudgetFigures
  readonly traffic: BudgetFigures
  /** By the name of the holding. */
  readonly holdings: Readonly<Record<string, number>>
}

/** The names of the holdings, in the order in which they are shown. */
export const holdingNames = ['registrations', 'transactions', 'partials', 'queues', 'calls', 'workers'] as const

export class Account {
  readonly traffic: Ledger
  readonly registrations: Ledger
  /** Requests of transactions under way, what they were sent as, and the responses kept for them. */
  readonly transactions: Holding
  /** Messages on connections whose end has not come yet. */
  readonly partials: Holding
  /** Answers that a peer has not read yet. */
  readonly queues: Holding
  readonly calls: Holding
  /** What waits for another worker, or until this one may begin. */
  readonly workers: Holding
  readonly bindings: Holding

  constructor(settings: AccountSettings, clock: Clock, log: Log) {
    const { trafficOctets, registrationOctets, sharePercent, exempt, exemptsLoopback } = settings
    const isListed = listOf(exempt)
    const isExempt = (source: string): boolean =>
      (exemptsLoopback && (isLoopbackAddress(source) || source === sourceNetwork('::1'))) || isListed(source)
    const common = { isExempt, sharePercent, clock, log }
    this.traffic = new Ledger({ ...common, bound: trafficOctets, directive: 'MaxOctets' })
    this.registrations = new Ledger({ ...common, bound: registrationOctets, directive: 'RegistrarMaxOctets' })
    this.transactions = this.traffic.open('transactions')
    this.partials = this.traffic.open('partials')
    this.queues = this.traffic.open('queues')
    this.calls = this.traffic.open('calls')
    this.workers = this.traffic.open('workers')
    this.bindings = this.registrations.open('registrations')
  }

  figures(): AccountFigures {
    const budget = ({ octets, bound }: Ledger): BudgetFigures => ({ octets, bound })
    return {
      registrations: budget(this.registrations),
      traffic: budget(this.traffic),
      holdings: Object.fromEntries(this.#holdings().map(({ name, octets }) => [name, octets])),
    }
  }

  /** How often there was no room, by holding; only of those where that happened. */
  refused(): Record<string, number> {
    const refusing = this.#holdings().filter(({ refused }) => refused > 0)
    return Object.fromEntries(refusing.map(({ name, refused }) => [name, refused]))
  }

  #holdings(): readonly Holding[] {
    return [...this.registrations.holdings, ...this.traffic.holdings]
  }
}

/** Whether a source is one of these addresses, or of these networks; of IPv6 nothing smaller than a /64 is a source. */
function listOf(exempt: readonly string[]): (source: string) => boolean {
  if (exempt.length === 0) return () => false
  const list = new BlockList()
  for (const entry of exempt) {
    const [address = '', prefix] = entry.split('/')
    if (isIPv6(address)) list.addSubnet(address, Math.min(64, Number(prefix ?? 64)), 'ipv6')
    else list.addSubnet(address, Number(prefix ?? 32), 'ipv4')
  }
  return (source) => {
    const [address = ''] = source.split('/')
    return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}

/** ENUM (RFC 6116): telephone numbers to SIP URIs, by the DNS. */

import { isLoopbackAddress } from '../../lib/net/address.ts'
import { sourceNetwork } from '../../lib/net/source-network.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Lookups, type Unknown } from '../locate/lookups.ts'
import type { NameService } from '../locate/names.ts'
import type { DebugChannel } from '../log/error-log.ts'
import type { Hop } from '../message/hop.ts'
import type { SipUri } from '../message/uri.ts'
import { rewriteNumber } from './rewrite.ts'

export interface EnumDomains {
  /** Cisco_Enum_Domain: of numbers that do not begin with +; undefined where those are in the global plan as well. */
  readonly ofPrivatePlan: string | undefined
  /** Cisco_Enum_Global_Domain. */
  readonly ofGlobalPlan: string
}

export interface EnumOptions {
  readonly clock: Clock
  readonly names: Pick<NameService, 'naptr'>
  readonly domains: EnumDomains
  readonly debug: DebugChannel
}

/** Numbers are cheap for a caller and look-ups are not. */
const bounds = { mostCached: 10_000, mostPending: 200, mostPendingOfSource: 20, keepsOld: false }
const noUris: readonly string[] = []

export class Enum {
  readonly #options: EnumOptions
  readonly #lookups: Lookups<readonly string[]>

  constructor(options: EnumOptions) {
    this.#options = options
    const { clock, debug } = options
    this.#lookups = new Lookups({
      clock,
      ...bounds,
      onFailure: (number, error) => {
        if (debug.on) debug.write('a number could not be looked up', { number, why: String(error) })
      },
    })
  }

  /** The SIP URIs of a number, the preferred one first; none where the DNS has none, or does not say. At once where they are known. */
  urisOf(number: string, { address }: Hop): readonly string[] | Promise<readonly string[]> {
    const source = isLoopbackAddress(address) ? undefined : sourceNetwork(address)
    const found = this.#lookups.find(number, source, () => this.#ask(number))
    return found instanceof Promise ? found.then(urisIn) : urisIn(found)
  }

  async #ask(number: string) {
    const { names, debug } = this.#options
    const name = this.#nameOf(number)
    const { records, ttlSeconds } = await names.naptr(name)
    const { uris, ignored } = rewriteNumber(number, records)
    if (debug.on) debug.write('a number was looked up', { number, name, records: records.length, uris, ignored })
    return { value: uris, ttlSeconds }
  }

  /** RFC 6116 §3.2: its digits the other way round, each a label of its own. */
  #nameOf(number: string): string {
    const { ofPrivatePlan, ofGlobalPlan } = this.#options.domains
    const domain = number.startsWith('+') ? ofGlobalPlan : (ofPrivatePlan ?? ofGlobalPlan)
    const digits = [...number.replace('+', '')].reverse()
    return [...digits, domain].join('.')
  }
}

function urisIn(found: readonly string[] | Unknown): readonly string[] {
  return typeof found === 'string' ? noUris : found
}

/** The user of a URI as a number that ENUM can be asked for; visual separators are no part of it. */
export function enumNumberOf({ user = '' }: Pick<SipUri, 'user'>): string | undefined {
  const number = user.replace(/[-.()]/g, '')
  return /^\+?\d{2,20}$/.test(number) ? number : undefined
}

/** ENUM as a source of targets: where numbers of ours are that nobody registered. */
import { type Enum, enumNumberOf } from '../enum/enum.ts'
import { parseSipUri } from '../message/uri.ts'
import type { Identity } from '../proxy/identity.ts'
import type { Target } from '../proxy/targets.ts'
import type { Known } from './first-known.ts'
import type { RoutedRequest } from './request.ts'
import type { TargetSource } from './target.ts'

export interface EnumSourceOptions {
  readonly numbers: Pick<Enum, 'urisOf'>
  readonly identity: Pick<Identity, 'isOurs' | 'numbers'>
  /** Whether a request may leave for other domains: for anybody else no number is looked up. */
  readonly mayLeave: (routed: RoutedRequest) => boolean
}

export class EnumSource implements TargetSource {
  readonly #options: EnumSourceOptions

  constructor(options: EnumSourceOptions) {
    this.#options = options
  }

  targetsOf(routed: RoutedRequest): Known<readonly Target[]> {
    const { identity, mayLeave } = this.#options
    const reading = identity.numbers.readingsOf(routed.uri).find(({ kind }) => kind === 'number')
    const number = reading && enumNumberOf(reading)
    if (number === undefined || !mayLeave(routed)) return undefined
    const uris = this.#options.numbers.urisOf(number, routed.source)
    return uris instanceof Promise
      ? uris.then((later) => this.#targetsAt(later, routed))
      : this.#targetsAt(uris, routed)
  }

  /** One after the other: the order of NAPTR records is one of preference. */
  #targetsAt(uris: readonly string[], routed: RoutedRequest): readonly Target[] | undefined {
    const targets = uris.flatMap((uri, i): readonly Target[] => {
      const parsed = parseSipUri(uri)
      if (!parsed) return []
      // A user of ours is where it registered; what that user prefers counts within the place that this URI has among the others.
      if (this.#options.identity.isOurs(parsed))
        return (routed.contacts.targetsOf(parsed) ?? []).map((own) => ({ ...own, q: 999 - i + own.q / 1000 }))
      return [{ uri, parsed, origin: 'asked', flow: undefined, path: [], q: 1000 - i }]
    })
    return targets.length > 0 ? targets : undefined
  }
}

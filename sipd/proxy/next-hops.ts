/** From the way of a request to the hops that it may take: the places of its next host, each with the listener that it leaves by. */
import { isIP } from 'node:net'
import type { FaultGuard } from '../../lib/process/fault-guard.ts'
import type { Located, Locator, Nowhere, Place } from '../locate/locator.ts'
import type { DebugChannel } from '../log/error-log.ts'
import { type Hop, hopText } from '../message/hop.ts'
import { reachedHost } from '../message/uri.ts'
import { nextHopFailed } from './branch.ts'
import type { Identity } from './identity.ts'
import type { ProxyPolicy } from './policy.ts'
import type { Way } from './way.ts'

export interface NextHop {
  readonly hop: Hop
  /** The URI itself asked for the transport. */
  readonly isExplicit: boolean
}

export interface NextHops {
  /** In the order in which they are tried. */
  readonly hops: readonly NextHop[]
  /** Why there is none: a status for the caller, and a sentence. */
  readonly failure?: { readonly status: number; readonly detail: string }
}

export interface NextHopOptions {
  readonly locator: Locator
  readonly identity: Identity
  readonly policy: ProxyPolicy
  readonly faults: FaultGuard
  readonly debug: DebugChannel
}

export class NextHopFinder {
  readonly #options: NextHopOptions

  constructor(options: NextHopOptions) {
    this.#options = options
  }

  /** Calls `go` in this turn, unless a name has to be looked up first. */
  find(way: Way, source: Hop, go: (found: NextHops) => void): void {
    if (way.flow) {
      this.#arrive(way, { hops: [{ hop: way.flow, isExplicit: true }] }, go)
      return
    }
    const { locator, policy, faults } = this.#options
    const { isConfigured } = way
    const transport = way.isByRoute ? policy.routeTransport : undefined
    const located = locator.locate(way.next, source, { transport, isConfigured })
    if (!(located instanceof Promise)) {
      this.#arrive(way, this.#hopsTo(located, way, source), go)
      return
    }
    void located.then((found) => {
      const isDone = faults.run('forwarding', () => this.#arrive(way, this.#hopsTo(found, way, source), go))
      if (!isDone) faults.run('failing a branch', () => go(unreachable(way, 'noTransport')))
    })
  }

  #arrive(way: Way, found: NextHops, go: (found: NextHops) => void): void {
    const { debug } = this.#options
    if (debug.on) {
      const to = found.failure?.detail ?? found.hops.map(({ hop }) => hopText(hop)).join(', ')
      debug.write('the next hop was chosen', { requestUri: way.requestUri, host: way.next.host, to })
    }
    go(found)
  }

  #hopsTo(located: Located, way: Way, source: Hop): NextHops {
    if (typeof located === 'string') return unreachable(way, located)
    const hops: NextHop[] = []
    for (const place of located) {
      const hop = this.#hopTo(place, way, source)
      if (hop) hops.push(hop)
    }
    return hops.length > 0 ? { hops } : unreachable(way, 'noTransport')
  }

  #hopTo({ transport, address, port, isExplicit }: Place, way: Way, source: Hop): NextHop | undefined {
    const listener = this.#options.identity.listenerFor(transport, address, source.listener)
    if (listener === undefined) return undefined
    const hop: Hop = { transport, address, port, listener, connection: undefined }
    // RFC 3263 §4.1: the certificate is for the name that was asked for, not for what the DNS made of it.
    return { hop: transport === 'TLS' ? { ...hop, domain: way.next.host } : hop, isExplicit }
  }
}

/** Whether a name led there: another place of it may be tried. */
export function isByName({ flow, next }: Way): boolean {
  return flow === undefined && isIP(reachedHost(next)) === 0
}

/** A name that strangers send to us must not have those upstream leave this server alone: 503 is for what is ours alone. */
const answers: Readonly<Record<Nowhere, { readonly status: number; readonly sentence: (host: string) => string }>> = {
  noSuchName: { status: 404, sentence: (host) => `the name ${host} has no address` },
  noAnswer: { status: 480, sentence: (host) => `no name server answered for ${host}` },
  noRoom: { status: 503, sentence: (host) => `too many names are looked up at the moment; ${host} was not` },
  noTransport: { status: nextHopFailed, sentence: (host) => `no listener can reach ${host}` },
}

function unreachable({ next }: Way, why: Nowhere): NextHops {
  const { status, sentence } = answers[why]
  return { hops: [], failure: { status, detail: sentence(reachedHost(next)) } }
}

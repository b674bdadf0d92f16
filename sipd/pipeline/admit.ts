/** Whether a request can be dealt with at all, RFC 3261 §16.3. */
import type { Log } from '../../lib/log/log.ts'
import { H } from '../message/header-names.ts'
import { type Answer, hasToTag } from '../message/respond.ts'
import type { Admission } from '../proxy/admission.ts'
import type { Identity } from '../proxy/identity.ts'
import { isLoop } from '../proxy/loop.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import type { Arrival, RoutedRequest } from './request.ts'
import type { Step, Verdict } from './step.ts'

/** `refusing` while a transaction-graceful restart is near: new INVITE and REGISTER get 503; `silent`: they get nothing. */
export type Openness = 'open' | 'refusing' | 'silent'

export interface FloodOptions {
  readonly admission: Admission
  readonly statistics: SipStatistics
  /** Whether a request is of a transaction or a call that is known here. */
  readonly belongs: (arrival: Arrival) => boolean
  /** Whether it came before. */
  readonly isRetransmission: (arrival: Arrival) => boolean
}

/** How many a source may send (FloodThreshold). Taken before there is a transaction: a flood costs next to nothing. */
export function flood({
  admission,
  statistics,
  belongs,
  isRetransmission,
}: FloodOptions): (arrival: Arrival) => Verdict {
  return (arrival) => {
    const { request, source } = arrival
    const admittance = admission.admit(request.method, source, () => belongs(arrival))
    if (admittance === 'admitted') return 'goOn'
    statistics.refusedFlood++
    // A retransmission is passed over: a 503 would end what is under way. An ACK is never answered.
    if (admittance === 'silent' || request.method === 'ACK' || isRetransmission(arrival)) return 'drop'
    return { status: 503, headers: [{ name: 'Retry-After', value: String(admission.retryAfterSeconds) }] }
  }
}

/** Nothing new begins while a restart is near. */
export function closing(openness: () => Openness, retryAfterSeconds: number): Step<Arrival> {
  return ({ request }) => {
    const now = openness()
    if (now === 'open') return 'goOn'
    // A re-INVITE belongs to a call that is under way.
    const isNew = request.method === 'REGISTER' || (request.method === 'INVITE' && !hasToTag(request))
    if (!isNew) return 'goOn'
    if (now === 'silent') return 'drop'
    return { status: 503, headers: [{ name: 'Retry-After', value: String(retryAfterSeconds) }] }
  }
}

/** A scheme that is known here, and a Request-URI of its grammar. */
export function sanity(statistics: SipStatistics): Step<Arrival> {
  return ({ request }) => {
    if (!/^(?:sips?|tel):/i.test(request.requestUri)) {
      statistics.unsupportedUris++
      return { status: 416 }
    }
    return request.uri ? 'goOn' : { status: 400, detail: 'the Request-URI is not a SIP URI' }
  }
}

/** §16.3 step 4. */
export function loops(identity: Identity, log: Log): Step<Arrival> {
  return ({ request }) => {
    if (!isLoop(request, identity)) return 'goOn'
    log.info('a request went in a loop', { method: request.method, requestUri: request.requestUri.slice(0, 200) })
    return { status: 482 }
  }
}

/** §16.3 step 5; `ignored` are option tags in lower case that are treated as if they were not there (IgnoreProxyRequire). */
export function proxyRequire(ignored: ReadonlySet<string>): Step<Arrival> {
  return ({ request }) => {
    const unsupported = request.elements(H.proxyRequire).filter((tag) => !ignored.has(tag.toLowerCase()))
    return unsupported.length > 0 ? badExtension(unsupported) : 'goOn'
  }
}

/** §16.3 step 3 and RFC 5393 §5.3.3: what ends here goes no further, and may have come as far as it could. */
export const hopLimits: Step<RoutedRequest> = ({ request, isForServer }) => {
  if (isForServer) return 'goOn'
  if (request.maxForwards === 0) return { status: 483 }
  return request.maxBreadth === 0 ? { status: 440 } : 'goOn'
}

/** §8.2.2.3. */
export function badExtension(tags: readonly string[]): Answer {
  return { status: 420, headers: [{ name: 'Unsupported', value: tags.join(', ') }] }
}

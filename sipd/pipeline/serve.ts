/** What is asked of this server itself: registrations, OPTIONS, and that all else is refused. */
import type { DebugLog } from '../log/error-log.ts'
import { H } from '../message/header-names.ts'
import type { Hop } from '../message/hop.ts'
import type { SipRequest } from '../message/message.ts'
import { type Answer, type ExtraHeader, hasToTag } from '../message/respond.ts'
import type { SipStatistics } from '../statistics/statistics.ts'
import { badExtension } from './admit.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

/** Methods whose requests this server serves, those on their way through it among them. */
export const supportedMethods = ['OPTIONS', 'REGISTER', 'INVITE', 'ACK', 'CANCEL', 'BYE'] as const
const served: ExtraHeader = { name: 'Allow', value: supportedMethods.join(', ') }
const capabilities: Answer = { status: 200, headers: [served, { name: 'Accept', value: 'application/sdp' }] }

export interface Registration {
  register(request: SipRequest, source: Hop): Answer
}

export interface ServeOptions {
  /** Undefined: Cisco_Registry is off, and REGISTER is refused. */
  readonly registrar: Registration | undefined
  readonly statistics: SipStatistics
  readonly debug: DebugLog
}

export function serve(options: ServeOptions): Step<RoutedRequest> {
  const { registrar, statistics } = options
  // RFC 3261 §21.4.6: what is answered by the server itself, for which a request is that gets 405.
  const allow: ExtraHeader = { name: 'Allow', value: registrar ? 'OPTIONS, REGISTER' : 'OPTIONS' }
  return ({ request, source, isForServer }) => {
    if (!isForServer) return 'goOn'
    const unsupported = unsupportedTags(request)
    if (unsupported.length > 0) return badExtension(unsupported)
    if (request.method === 'REGISTER' && registrar) return register(registrar, request, source, options)
    if (request.method === 'OPTIONS') return capabilities
    // Something of a dialog that nobody has here.
    if (hasToTag(request)) return { status: 481 }
    statistics.unsupportedMethods++
    return { status: 405, headers: [allow] }
  }
}

/** RFC 3327, RFC 5626. */
const ofRegistrar: ReadonlySet<string> = new Set(['path', 'outbound'])

function unsupportedTags(request: SipRequest): readonly string[] {
  const required = request.elements(H.require)
  return request.method === 'REGISTER' ? required.filter((tag) => !ofRegistrar.has(tag.toLowerCase())) : required
}

function register(
  registrar: Registration,
  request: SipRequest,
  source: Hop,
  { statistics, debug }: ServeOptions,
): Answer {
  const answer = registrar.register(request, source)
  const { status, detail } = answer
  if (debug.Registry.on) {
    const contacts = request.elements(H.contact).join(', ')
    debug.Registry.write('a registration was answered', { to: request.value(H.to), contacts, status, detail })
  }
  if (status < 300) statistics.acceptedRegistrations++
  else statistics.rejectedRegistrations++
  return answer
}

/** Header names as small numbers: the usual spelling, the compact forms of RFC 3261 §7.3.3, and any mixture of cases. */

/** Those that a proxy or registrar looks at; all others are `other` and are found by their text. */
export const H = {
  other: 0,
  via: 1,
  from: 2,
  to: 3,
  callId: 4,
  cseq: 5,
  maxForwards: 6,
  contentLength: 7,
  contact: 8,
  route: 9,
  recordRoute: 10,
  expires: 11,
  require: 12,
  proxyRequire: 13,
  path: 14,
  userAgent: 15,
  supported: 16,
  contentType: 17,
  retryAfter: 18,
  timestamp: 19,
  sessionExpires: 20,
  maxBreadth: 21,
  reason: 22,
  acceptContact: 23,
  rejectContact: 24,
  requestDisposition: 25,
} as const
export type HeaderId = (typeof H)[keyof typeof H]

const spellings: readonly (readonly [HeaderId, string, string?])[] = [
  [H.via, 'Via', 'v'],
  [H.from, 'From', 'f'],
  [H.to, 'To', 't'],
  [H.callId, 'Call-ID', 'i'],
  [H.cseq, 'CSeq'],
  [H.maxForwards, 'Max-Forwards'],
  [H.contentLength, 'Content-Length', 'l'],
  [H.contact, 'Contact', 'm'],
  [H.route, 'Route'],
  [H.recordRoute, 'Record-Route'],
  [H.expires, 'Expires'],
  [H.require, 'Require'],
  [H.proxyRequire, 'Proxy-Require'],
  [H.path, 'Path'],
  [H.userAgent, 'User-Agent'],
  [H.supported, 'Supported', 'k'],
  [H.contentType, 'Content-Type', 'c'],
  [H.retryAfter, 'Retry-After'],
  [H.timestamp, 'Timestamp'],
  [H.sessionExpires, 'Session-Expires', 'x'],
  [H.maxBreadth, 'Max-Breadth'],
  [H.reason, 'Reason'],
  [H.acceptContact, 'Accept-Contact', 'a'],
  [H.rejectContact, 'Reject-Contact', 'j'],
  [H.requestDisposition, 'Request-Disposition', 'd'],
]

const byLowerCase = new Map(
  spellings.flatMap(([id, name, compact]) => [
    [name.toLowerCase(), id],
    ...(compact ? ([[compact, id]] as [string, HeaderId][]) : []),
  ]) as [string, HeaderId][],
)
/** The spellings nearly every message has, found without making a lower-case copy. */
const bySpelling = new Map<string, HeaderId>([
  ...byLowerCase,
  ...spellings.map(([id, name]): [string, HeaderId] => [name, id]),
])

/** Undefined for a name that is none of those in `H`. */
export function headerIdOf(name: string): HeaderId | undefined {
  return bySpelling.get(name) ?? byLowerCase.get(name.toLowerCase())
}

const compactForms: ReadonlyMap<string, string> = new Map([
  ['b', 'referred-by'],
  ['e', 'content-encoding'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['u', 'allow-events'],
])

/** The lower-case name in full, for comparing the names of headers that have no number. */
export function fullName(name: string): string {
  const lower = name.toLowerCase()
  return compactForms.get(lower) ?? lower
}

/** Header names: compact forms of RFC 3261 §7.3.3 and the usual spelling of those that are known. */

const compact = new Map([
  ['a', 'Accept-Contact'],
  ['b', 'Referred-By'],
  ['c', 'Content-Type'],
  ['e', 'Content-Encoding'],
  ['f', 'From'],
  ['i', 'Call-ID'],
  ['k', 'Supported'],
  ['l', 'Content-Length'],
  ['m', 'Contact'],
  ['o', 'Event'],
  ['r', 'Refer-To'],
  ['s', 'Subject'],
  ['t', 'To'],
  ['u', 'Allow-Events'],
  ['v', 'Via'],
])

const known = new Map(
  [
    ...compact.values(),
    'CSeq',
    'Max-Forwards',
    'Expires',
    'Min-Expires',
    'Require',
    'Proxy-Require',
    'Route',
    'Record-Route',
    'Allow',
    'Accept',
    'Unsupported',
    'Date',
    'User-Agent',
    'Server',
    'Path',
    'Authorization',
  ].map((name) => [name.toLowerCase(), name]),
)

/** Those whose value is a comma list, each element of which counts as a header of its own (§7.3.1). */
export const listHeaders: ReadonlySet<string> = new Set([
  'Via',
  'Contact',
  'Route',
  'Record-Route',
  'Require',
  'Proxy-Require',
  'Supported',
  'Allow',
  'Accept',
  'Unsupported',
  'Path',
])

export function canonicalName(name: string): string {
  const lower = name.toLowerCase()
  return compact.get(lower) ?? known.get(lower) ?? name
}

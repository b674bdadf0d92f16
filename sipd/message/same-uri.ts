/** Whether two SIP URIs are the same, RFC 3261 §19.1.4 and RFC 5954 §4.2: spelling and order are not what tells them apart. */
import { canonicalAddress } from '../../lib/net/address.ts'
import { parseSipUri } from './uri.ts'

/** A URI taken apart for comparing it. */
export interface ComparableUri {
  readonly text: string
  /** What URIs that are the same have in common: scheme, user and password, host, port. */
  readonly key: string
  readonly parameters: ReadonlyMap<string, string>
  /** In their order by name. */
  readonly headers: string
}

/** A URI with one of these is another one than a URI without it; of all others those that only one of them has do not count. */
const tellingParameters = ['transport', 'user', 'method', 'ttl', 'maddr']

/** Undefined for what is no SIP URI. */
export function comparableUri(text: string): ComparableUri | undefined {
  const uri = parseSipUri(text)
  if (!uri) return undefined
  const { scheme, user, host, port } = uri
  const userInfo = user === undefined ? '' : unescapePlain(text.slice(text.indexOf(':') + 1, text.indexOf('@') + 1))
  return {
    text,
    key: `${scheme}:${userInfo}${host.includes(':') ? canonicalAddress(host) : host}:${port ?? ''}`,
    parameters: uri.parameters,
    headers: headersOf(text),
  }
}

export function areSame(one: ComparableUri, other: ComparableUri): boolean {
  if (one.text === other.text) return true
  if (one.key !== other.key || one.headers !== other.headers) return false
  for (const name of tellingParameters) if (one.parameters.has(name) !== other.parameters.has(name)) return false
  for (const [name, value] of one.parameters) {
    const others = other.parameters.get(name)
    if (others !== undefined && plainValue(value) !== plainValue(others)) return false
  }
  return true
}

/** Of their texts; what is no SIP URI is the same as itself alone. */
export function isSameUri(one: string, other: string): boolean {
  if (one === other) return true
  const [a, b] = [comparableUri(one), comparableUri(other)]
  return a !== undefined && b !== undefined && areSame(a, b)
}

/** All but the user are compared in any case. */
function plainValue(value: string): string {
  return unescapePlain(value).toLowerCase()
}

function headersOf(text: string): string {
  const at = text.indexOf('?', text.indexOf('@') + 1)
  if (at < 0) return ''
  const headers = text.slice(at + 1).split('&')
  return headers
    .map((header) => unescapePlain(header).replace(/^[^=]*/, (name) => name.toLowerCase()))
    .sort()
    .join('&')
}

const reserved = new Set(';/?:@&=+$,%')

/** A character that is not reserved is the same as its escape; the hexadecimal digits of the others in one case. */
function unescapePlain(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9A-Fa-f]{2})/g, (escaped, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    return character > ' ' && character <= '~' && !reserved.has(character) ? character : escaped.toUpperCase()
  })
}

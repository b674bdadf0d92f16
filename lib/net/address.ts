/** Numeric IP addresses as words: which of them mean the same host, and which one reaches a listener. */
import { isIPv4, isIPv6 } from 'node:net'

/** `10.0.0.1` for the IPv4-mapped `::ffff:10.0.0.1` (RFC 4291 §2.5.5.2); any other address as it is. */
export function unmapped(address: string): string {
  if (!address.startsWith('::')) return address // nearly always
  const [, dotted, high, low] = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address) ?? []
  if (dotted !== undefined) return dotted
  if (high === undefined || low === undefined) return address
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join('.')
}

/** Of a numeric address: 127.0.0.0/8, ::1, and the IPv4-mapped form of the former. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || unmapped(address).startsWith('127.')
}

/** Of a numeric address: 224.0.0.0/4 and ff00::/8. */
export function isMulticastAddress(address: string): boolean {
  const plain = unmapped(address)
  return isIPv4(plain) ? /^2(?:2[4-9]|3\d)\./.test(plain) : /^ff/i.test(plain) && isIPv6(plain)
}

/** An address that stands for all addresses of its family. */
export function isWildcardAddress(host: string): boolean {
  return host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host))
}

/** The address to ask a server of this machine at that listens on `host`: loopback where that is a wildcard. */
export function reachableHost(host: string): string {
  if (!isWildcardAddress(host)) return host
  return isIPv6(host) ? '::1' : '127.0.0.1'
}

/** The port that decimal digits name, 1 to 65535; undefined for any other text. What Node is given beyond that, it throws at. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
}

/** `192.0.2.1:161`, `[2001:db8::1]:161`. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `fe80::1` for `fe80::1%eth0`: the name of a link means nothing on another machine (RFC 4007 §11.2). */
export function withoutZone(address: string): string {
  const at = address.indexOf('%')
  return at < 0 ? address : address.slice(0, at)
}

/** The one form of a numeric address that the system prints (RFC 5952), so that two of them can be compared. */
export function canonicalAddress(address: string): string {
  const plain = unmapped(address)
  if (!isIPv6(plain)) return plain
  const [bare = '', zone] = plain.split('%')
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  return zone === undefined ? short : `${short}%${zone}`
}

/** The 4 or 16 octets of a numeric address, its zone left out; undefined when it is none. */
export function addressOctets(address: string): Uint8Array | undefined {
  const plain = unmapped(address)
  if (isIPv4(plain)) return Uint8Array.from(plain.split('.').map(Number))
  if (!isIPv6(plain)) return undefined
  // Dotted tails are groups of hexadecimal digits by now.
  const [head = '', tail] = canonicalAddress(withoutZone(plain)).split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const before = groups(head)
  const after = groups(tail ?? '')
  const all = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}

/** The address of 4 or 16 octets, in its canonical form. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  return canonicalAddress(
    Buffer.from(octets)
      .toString('hex')
      .replace(/.{4}(?=.)/g, '$&:'),
  )
}

/** Nobody can be answered at port 0 (RFC 768: no reply is expected there), and Node throws when told to send to it. */
export function canBeAnswered({ port }: { readonly port: number }): boolean {
  return port !== 0
}

/**
 * Of a numeric address: one that has a meaning within its own network only (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291), loopback
 * among them.
 */
export function isPrivateAddress(address: string): boolean {
  const plain = unmapped(address)
  if (isIPv4(plain)) return privateIPv4.test(plain)
  return plain === '::1' || /^f(?:[cd]|e[89ab])/i.test(plain)
}

const privateIPv4 =
  /^(?:10|127)\.|^192\.168\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./

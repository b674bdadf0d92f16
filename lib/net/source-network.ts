/** Who sends, as far as a stranger cannot change it at will: an IPv4 address, of IPv6 the network that a link or a site is given. */

/**
 * `192.0.2.7` as it is; `2001:db8:0:7::/64` for an IPv6 address, since whoever has one address of such a network has
 * all of them (RFC 6177). The address is in the form that the system prints, with IPv4-mapped ones as IPv4.
 */
export function sourceNetwork(address: string): string {
  if (isDotted(address)) return address
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  if (before.length < 4 && tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length
    const zeros = Math.max(0, 8 - before.length - after)
    before.push(...Array<string>(zeros).fill('0'), ...tail.split(':'))
  }
  return `${before
    .slice(0, 4)
    .join(':')
    .replace(/(?:(?:^|:)0)+$/, '')}::/64`
}

/**
 * The network of the site that a source is in: `2001:db8:1::/48` of `2001:db8:1:7::/64`, since whoever is given that has 65,536 sources
 * (RFC 6177). Undefined for an IPv4 address: each is paid for, and a network of them may be all phones of a house or the
 * customers of a carrier, who have nothing to do with one another.
 */
export function sourceSite(source: string): string | undefined {
  if (!source.endsWith('::/64')) return undefined
  const site = source.slice(0, -'::/64'.length).split(':').slice(0, 3).join(':')
  return `${site.replace(/(?:(?:^|:)0)+$/, '')}::/48`
}

/** By its first octets, for every request asks: a dot within the first four, and no colon before it. */
function isDotted(address: string): boolean {
  for (let at = 0; at < 4; at++) {
    const code = address.charCodeAt(at)
    if (code === 0x2e) return true
    if (code === 0x3a) return false
  }
  return false
}

/**
 * Names of the kernel are octets and need not be text: links, processes, mount points and arguments are kept here as octet
 * strings, which have one character (U+0000 to U+00FF) for each octet, so that nothing is lost and they still compare fast.
 */

/** One character per octet; never shown to people as it is. */
export type Octets = string

/** What to give to the kernel for a path in octets: text only where both are the same. */
export function pathOf(octets: Octets): string | Buffer {
  return isAscii(octets) ? octets : Buffer.from(octets, 'latin1')
}

/** The octets of a text in UTF-8, as names in configuration files and of Node are. */
export function octetsOf(text: string): Octets {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1')
}

/** For people, and for objects that have to be UTF-8: octets that are no character become U+FFFD. */
export function textOf(octets: Octets): string {
  return isAscii(octets) ? octets : Buffer.from(octets, 'latin1').toString('utf8')
}

/** At most so many octets, with no character of UTF-8 cut in two; octets that are no UTF-8 may be cut anywhere. */
export function cutOctets(octets: Octets, most: number): Octets {
  if (octets.length <= most) return octets
  let end = most
  // A character has at most three octets behind its first.
  while (end > most - 3 && isContinuation(octets, end)) end--
  return octets.slice(0, isContinuation(octets, end) ? most : end)
}

function isContinuation(octets: Octets, at: number): boolean {
  return (octets.charCodeAt(at) & 0xc0) === 0x80
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** Without blanks, tabs and line ends around it. Not `trim`, for which the octet A0 within a letter such as à is a blank. */
export function trimOctets(octets: Octets): Octets {
  return octets.replace(/^[ \t\n]+/, '').replace(/[ \t\n]+$/, '')
}

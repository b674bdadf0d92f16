/**
 * Lines end with CRLF alone, and no other control is in them but TAB and what is escaped in quotes (RFC 3261 §25.1). What one server reads as the end of a
 * line, or of a string, and the next one does not, is where messages are smuggled through.
 */

const tab = 0x09
const lf = 0x0a
const cr = 0x0d
const space = 0x20
const del = 0x7f
const quote = 0x22
const backslash = 0x5c

/**
 * Where the head that begins at `from` ends: behind its empty line, 0 while that has not come, or in words what is wrong with its
 * characters. Datagrams and streams are read by this alone.
 */
export function headEnd(octets: Uint8Array, from = 0): number | string {
  for (let at = from; at < octets.length; at++) {
    const octet = octets[at]!
    if ((octet >= space || octet === tab) && octet !== del) continue
    if (octet === lf) return 'a line ends with LF alone'
    if (octet !== cr) {
      if (isQuotedPair(octets, at)) continue
      return 'a control character is in the head'
    }
    // A CR at the end of what came: the octet after it is to come.
    if (at + 1 === octets.length) return 0
    if (octets[at + 1] !== lf) return 'a CR is not the end of a line'
    if (octets[at + 2] === cr && octets[at + 3] === lf) return at + 4
    at++
  }
  return 0
}

/** What is wrong with the characters of a head; undefined when nothing is. */
export function headFault(octets: Uint8Array, from = 0): string | undefined {
  const end = headEnd(octets, from)
  return typeof end === 'string' ? end : undefined
}

/** RFC 3261 §25.1: within quotes a backslash lets any control stand but CR and LF (RFC 4475 §3.1.1.2 has such a name). */
function isQuotedPair(octets: Uint8Array, control: number): boolean {
  let isQuoted = false
  let at = octets.lastIndexOf(lf, control) + 1
  for (; at < control; at++) {
    const octet = octets[at]
    if (octet === quote) isQuoted = !isQuoted
    else if (octet === backslash && isQuoted) at++
  }
  // The octet that was passed over last is the control itself.
  return isQuoted && at > control
}

/** A head with such a fault as an answer may quote it: lines that end with CRLF, blanks for controls, and no body. */
export function cleanHead(text: string): string {
  const end = text.search(/\n\r?\n/)
  const head = end < 0 ? text : text.slice(0, end)
  const lines = head.split(/\r?\n/).map((line) => line.replace(/[\0-\x1f\x7f]+/g, ' '))
  return `${lines.join('\r\n')}\r\n\r\n`
}

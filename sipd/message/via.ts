/** One element of a Via header, RFC 3261 §20.42 and RFC 3581. */
import { isIP } from 'node:net'
import { parsePort } from '../../lib/net/address.ts'
import { isHost, isTtl, unbracketed } from './host.ts'
import { endOfQuoted, isParameterValue, isToken, trimBlanks } from './scan.ts'

export interface Via {
  /** In capitals: `UDP`, `TCP`, `TLS`. */
  readonly transport: string
  /** As it was written; an IPv6 reference keeps its brackets. */
  readonly host: string
  readonly port: number | undefined
  readonly branch: string | undefined
  /** Undefined: not there; 0: there, without a value (RFC 3581 §3). */
  readonly rport: number | undefined
  readonly received: string | undefined
  readonly maddr: string | undefined
  /** Where in the text the element begins, where it ends (before the comma or the end of its header). */
  readonly start: number
  readonly end: number
  /** Where `rport` stands, name and value, for filling it in; -1 when it does not. */
  readonly rportStart: number
  readonly rportEnd: number
  /** Likewise `received`, from its semicolon. */
  readonly receivedStart: number
  readonly receivedEnd: number
}

/** Longer ones are nobody's: the branch is part of a transaction's key, which is hashed for each message. */
const longestBranch = 256
const longestHost = 255

const protocolAndSentBy =
  /[ \t\r\n]*SIP[ \t\r\n]*\/[ \t\r\n]*2\.0[ \t\r\n]*\/[ \t\r\n]*([A-Za-z0-9-]+)[ \t\r\n]+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?:[ \t\r\n]*:[ \t\r\n]*(\d{1,5}))?[ \t\r\n]*/iy

/**
 * The element that begins at `from`, in a header whose line ends at `lineEnd`. Undefined when it is not of the grammar.
 * The parameters' names are compared, never kept.
 */
export function parseVia(text: string, from: number, lineEnd: number): Via | undefined {
  protocolAndSentBy.lastIndex = from
  const match = protocolAndSentBy.exec(text)
  // What the pattern takes as blanks may be the end of the header, and what follows another one.
  if (!match || from + match[0].trimEnd().length > lineEnd) return undefined
  const port = match[3] === undefined ? undefined : parsePort(match[3])
  if ((port === undefined && match[3] !== undefined) || match[2]!.length > longestHost) return undefined
  let branch: string | undefined
  let rport: number | undefined
  let received: string | undefined
  let maddr: string | undefined
  let rportStart = -1
  let rportEnd = -1
  let receivedStart = -1
  let receivedEnd = -1
  let at = Math.min(protocolAndSentBy.lastIndex, lineEnd)
  let equals = 0
  while (at < lineEnd) {
    const separator = text.charCodeAt(at)
    if (separator === comma) break
    if (separator !== semicolon) return undefined
    const end = endOfParameter(text, at + 1, lineEnd)
    if (end < 0) return undefined
    // Found once for all parameters before it that have none.
    if (equals >= 0 && equals < at) equals = text.indexOf('=', at)
    const hasValue = equals > 0 && equals < end
    const name = trimBlanks(text.slice(at + 1, hasValue ? equals : end)).toLowerCase()
    const value = hasValue ? trimBlanks(text.slice(equals + 1, end)) : undefined
    if (!isToken(name) || (value !== undefined && !isParameterValue(value))) return undefined
    switch (name) {
      case 'branch':
        if (value !== undefined && value.length > longestBranch) return undefined
        branch ??= value
        break
      case 'rport':
        // Some write `rport=` where they mean `rport` (RFC 3581 §3).
        rport = value ? parsePort(value) : 0
        if (rport === undefined) return undefined
        rportStart = at + 1
        rportEnd = end
        break
      case 'received':
        if (value !== undefined && isIP(unbracketed(value)) === 0) return undefined
        received = value
        receivedStart = at
        receivedEnd = end
        break
      case 'maddr':
        if (value !== undefined && !isHost(value)) return undefined
        maddr = value
        break
      case 'ttl':
        if (value !== undefined && !isTtl(value)) return undefined
        break
    }
    at = end
  }
  return {
    transport: match[1]!.toUpperCase(),
    host: match[2]!,
    port,
    branch,
    rport,
    received,
    maddr,
    start: from,
    end: Math.min(at, lineEnd),
    rportStart,
    rportEnd,
    receivedStart,
    receivedEnd,
  }
}

const semicolon = 0x3b
const comma = 0x2c
const quote = 0x22

/** The next semicolon or comma that is not in a quoted string, or the end of the line; -1 when a quote is not closed. */
function endOfParameter(text: string, from: number, lineEnd: number): number {
  for (let at = from; at < lineEnd; at++) {
    const code = text.charCodeAt(at)
    if (code === semicolon || code === comma) return at
    if (code === quote) {
      at = endOfQuoted(text, at)
      if (at < 0 || at >= lineEnd) return -1
    }
  }
  return lineEnd
}

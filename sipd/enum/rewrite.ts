/** What NAPTR records make of a telephone number (RFC 6116 §3.4.2, RFC 3402 §3.2): SIP URIs in the order in which they are tried. */
import type { NaptrRecord } from '../dns/message.ts'
import { parseSipUri } from '../message/uri.ts'
import { ExpressionError, matchExpression } from './regular-expression.ts'

export interface Rewritten {
  /** SIP and SIPS URIs, the preferred one first. */
  readonly uris: readonly string[]
  /** Records that were passed over, and why. */
  readonly ignored: readonly string[]
}

const mostUris = 6
/** A line of the error log, and an entry among those that are kept. */
const longestUri = 256

/** `number` as it was looked up: with its + in the global plan. */
export function rewriteNumber(number: string, records: readonly NaptrRecord[]): Rewritten {
  const uris: string[] = []
  const ignored: string[] = []
  const sorted = [...records].sort((one, other) => one.order - other.order || one.preference - other.preference)
  for (const record of sorted) {
    if (record.flags.toLowerCase() !== 'u' || !isForSip(record.services)) continue
    try {
      const uri = substitute(record.regexp, number)
      if (uri === undefined) ignored.push(`${record.regexp}: it does not match ${number}`)
      else if (uri.length > longestUri || !parseSipUri(uri)) ignored.push(`${record.regexp}: it makes no SIP URI`)
      else if (!uris.includes(uri) && uris.length < mostUris) uris.push(uri)
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      ignored.push(`${record.regexp}: ${error.message}`)
    }
  }
  return { uris, ignored }
}

/** RFC 6116 §3.4.3: `E2U` and then services, of which one is sip. */
function isForSip(services: string): boolean {
  const [protocol, ...of] = services.toLowerCase().split('+')
  return protocol === 'e2u' && of.some((service) => service.split(':', 1)[0] === 'sip')
}

/** `!EXPRESSION!REPLACEMENT!FLAGS`, where any character may stand for `!`. Undefined when the expression does not match. */
function substitute(text: string, number: string): string | undefined {
  const [expression, replacement, flags] = partsOf(text)
  if (flags !== '' && flags !== 'i') throw new ExpressionError(`its flag ${flags} is unknown`)
  const match = matchExpression(expression, number, flags === 'i')
  return (
    match &&
    replacement.replace(/\\(.)/gs, (_, escaped: string) => {
      if (!/[1-9]/.test(escaped)) return escaped
      const index = Number(escaped)
      if (index >= match.groups.length) throw new ExpressionError(`it has no group ${index}`)
      return match.groups[index] ?? ''
    })
  )
}

function partsOf(text: string): [string, string, string] {
  const delimiter = text.charAt(0)
  if (delimiter === '' || /[0-9i\\]/.test(delimiter)) throw new ExpressionError('it does not begin with a delimiter')
  const parts = ['']
  for (let at = 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === delimiter) parts.push('')
    else {
      const isEscape = character === '\\' && at + 1 < text.length
      const added = isEscape ? (text[at + 1] === delimiter ? delimiter : text.slice(at, at + 2)) : character
      parts[parts.length - 1] += added
      if (isEscape) at++
    }
  }
  const [expression, replacement, flags, ...more] = parts
  if (expression === undefined || replacement === undefined || flags === undefined || more.length > 0)
    throw new ExpressionError('it has not two parts between three delimiters')
  return [expression, replacement, flags]
}

/** name-addr and addr-spec with header parameters, as in From, To and Contact (RFC 3261 §20.10, §25.1). */
import { endOfQuoted, isToken, parseParameters, split, trimBlanks } from './scan.ts'

export interface Address {
  readonly uri: string
  readonly parameters: ReadonlyMap<string, string | undefined>
}

/** As nearly all are in a registration: the URI in its brackets, nothing before it, and parameters of tokens. */
const usual = /^<[^<>"\s]+>(?:;[A-Za-z0-9\-.!%*_+`'~]+(?:=[A-Za-z0-9\-.!%*_+`'~]+)?)*$/
const noParameters: Address['parameters'] = new Map()

/** Undefined when the value is not of the grammar. */
export function parseAddress(value: string): Address | undefined {
  if (!usual.test(value)) return parseUnusual(value)
  const close = value.indexOf('>')
  const uri = value.slice(1, close)
  if (close === value.length - 1) return { uri, parameters: noParameters }
  const parameters = parseParameters(value.slice(close + 2).split(';'))
  return parameters && { uri, parameters }
}

function parseUnusual(value: string): Address | undefined {
  let rest = trimBlanks(value)
  if (rest.startsWith('"')) {
    const end = endOfQuoted(rest, 0)
    if (end < 0) return undefined
    rest = trimBlanks(rest.slice(end + 1))
    if (!rest.startsWith('<')) return undefined
  }
  const open = rest.indexOf('<')
  if (open >= 0) {
    // display-name = *(token LWS) / quoted-string
    const displayName = trimBlanks(rest.slice(0, open))
    if (displayName !== '' && !displayName.split(/\s+/).every(isToken)) return undefined
    const close = rest.indexOf('>', open)
    if (close < 0) return undefined
    const uri = rest.slice(open + 1, close)
    const after = trimBlanks(rest.slice(close + 1))
    if (uri === '' || /[\s<"]/.test(uri) || (after !== '' && !after.startsWith(';'))) return undefined
    return withParameters(uri, after)
  }
  // Without angle brackets, parameters belong to the header and not to the URI (§20).
  const semicolon = rest.indexOf(';')
  const uri = trimBlanks(semicolon < 0 ? rest : rest.slice(0, semicolon))
  if (uri === '' || /[\s,?]/.test(uri)) return undefined
  return withParameters(uri, semicolon < 0 ? '' : rest.slice(semicolon))
}

function withParameters(uri: string, text: string): Address | undefined {
  const parts = split(text, ';')
  const parameters = parts && parseParameters(parts.slice(1))
  return parameters && { uri: trimBlanks(uri), parameters }
}

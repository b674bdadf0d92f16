/** name-addr and addr-spec with header parameters, as in From, To and Contact (RFC 3261 §20.10, §25.1). */
import { endOfQuoted, parseParameters, split, trimBlanks } from './scan.ts'

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
  const text = trimBlanks(value)
  const open = startOfBrackets(text)
  if (open === undefined) return undefined
  if (open >= 0) {
    const close = text.indexOf('>', open)
    if (close < 0) return undefined
    const uri = text.slice(open + 1, close)
    const after = trimBlanks(text.slice(close + 1))
    if (uri === '' || /[\s<"]/.test(uri) || (after !== '' && !after.startsWith(';'))) return undefined
    return withParameters(uri, after)
  }
  // Without angle brackets, parameters belong to the header and not to the URI (§20).
  const semicolon = text.indexOf(';')
  const uri = trimBlanks(semicolon < 0 ? text : text.slice(0, semicolon))
  if (uri === '' || /[\s,?"<>]/.test(uri)) return undefined
  return withParameters(uri, semicolon < 0 ? '' : text.slice(semicolon))
}

/**
 * Where the `<` of a name-addr is; -1 for an addr-spec, undefined when a quote is not closed. The name before it goes through as it came:
 * strings in quotes and words in any order (phones send ""Ann" Lee"), and in words whatever is no separator of this header (UTF-8
 * among it, which §25.1 has in quotes alone).
 */
function startOfBrackets(text: string): number | undefined {
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '<':
        return at
      case '"':
        at = endOfQuoted(text, at)
        if (at < 0) return undefined
        break
      case ',':
      case ';':
      case ':':
      case '>':
        return -1
    }
  }
  return -1
}

function withParameters(uri: string, text: string): Address | undefined {
  const parts = split(text, ';')
  const parameters = parts && parseParameters(parts.slice(1))
  return parameters && { uri: trimBlanks(uri), parameters }
}

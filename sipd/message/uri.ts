/** SIP and SIPS URIs, RFC 3261 §19.1. */
import { isIPv6 } from 'node:net'
import { parsePort } from '../../lib/net/address.ts'
import { isHost, isHostName, isTtl, unbracketed } from './host.ts'
import { isToken } from './scan.ts'

export interface SipUri {
  readonly scheme: 'sip' | 'sips'
  /** Unescaped. */
  readonly user: string | undefined
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number | undefined
  readonly parameters: ReadonlyMap<string, string>
}

/** Of §25.1, and `#`, which phones dial and few escape. */
const userCharacters = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/%:#]*$/

/** As nearly all are: nothing escaped, no password, no parameters, a name or an IPv4 address. */
const usual = /^(sips?):(?:([A-Za-z0-9\-_.!~*'()&=+$,]+)@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?$/
const noParameters: ReadonlyMap<string, string> = new Map()

/** Undefined when the text is no SIP URI. */
export function parseSipUri(text: string): SipUri | undefined {
  const match = usual.exec(text)
  const host = match?.[3]
  if (!match || host === undefined || host.length > 255 || /\.[.-]|-\./.test(host)) return parseUnusual(text)
  const port = match[4] === undefined ? undefined : parsePort(match[4])
  if (port === undefined && match[4] !== undefined) return undefined
  return { scheme: match[1] === 'sips' ? 'sips' : 'sip', user: match[2], host, port, parameters: noParameters }
}

function parseUnusual(text: string): SipUri | undefined {
  const match = /^(sips?):(?:([^@]*)@)?(\[[^\]]*\]|[^:;?[\]]*)(?::(\d{1,5}))?((?:;[^;?]*)*)(?:\?.*)?$/i.exec(text)
  if (!match) return undefined
  const [, scheme = '', userInfo, hostPart = '', portPart, parameterPart = ''] = match
  const isBracketed = hostPart.startsWith('[')
  const host = (isBracketed ? hostPart.slice(1, -1) : hostPart).toLowerCase()
  // RFC 5118 §4.10: the grammar of RFC 3261 lets a third colon come before an IPv4 part; what is meant has two.
  if (isBracketed ? !isIPv6(host.replace(':::', '::')) : !isHostName(host)) return undefined
  const port = portPart === undefined ? undefined : parsePort(portPart)
  if (port === undefined && portPart !== undefined) return undefined
  let user: string | undefined
  if (userInfo !== undefined) {
    if (userInfo === '' || !userCharacters.test(userInfo)) return undefined
    user = unescapeUser(userInfo.split(':', 1)[0] ?? '')
    if (user === undefined) return undefined
  }
  // Parameters and headers: nothing that is no character of a URI, or ends one where it stands.
  if (!/^[!#-;=?-[\]-~]*$/.test(text)) return undefined
  const parameters = new Map<string, string>()
  for (const parameter of parameterPart.split(';').slice(1)) {
    const [name = '', value = ''] = parameter.split('=', 2)
    if (!isToken(name.replace(/[[\]/:&$]/g, ''))) return undefined
    parameters.set(name.toLowerCase(), value)
  }
  const maddr = parameters.get('maddr')
  const ttl = parameters.get('ttl')
  if ((maddr && !isHost(maddr)) || (ttl && !isTtl(ttl))) return undefined
  return { scheme: /^sips$/i.test(scheme) ? 'sips' : 'sip', user, host, port, parameters }
}

/** As a URI leaves in what is made here: `#` ends a URI elsewhere, and is escaped. In a tel URI it is a digit (RFC 3966). */
export function escapedUri(uri: string): string {
  return uri.includes('#') && /^sips?:/i.test(uri) ? uri.replaceAll('#', '%23') : uri
}

/** Where a request to a URI goes: to its maddr where it has one (RFC 3261 §19.1.1). In lower case, without brackets. */
export function reachedHost({ host, parameters }: Pick<SipUri, 'host' | 'parameters'>): string {
  const maddr = parameters.get('maddr')
  return maddr ? unbracketed(maddr).toLowerCase() : host
}

/** What a Request-URI or a To may be here: a SIP URI, or a tel URI as the SIP URI of RFC 3261 §19.1.6 with no host. */
export function parseRequestUri(text: string): SipUri | undefined {
  return text.startsWith('sip') ? parseSipUri(text) : /^tel:/i.test(text) ? parseTelUri(text) : parseSipUri(text)
}

/** RFC 3966: visual separators are no part of the number. */
function parseTelUri(text: string): SipUri | undefined {
  const match = /^tel:(\+?[0-9A-F*#\-.()]+)(?:;[^?\s]*)?$/i.exec(text)
  const user = match?.[1]?.replace(/[-.()]/g, '')
  if (!user || !/[0-9A-F*#]/i.test(user)) return undefined
  return { scheme: 'sip', user, host: '', port: undefined, parameters: telParameters }
}

const telParameters: ReadonlyMap<string, string> = new Map([['user', 'phone']])

function unescapeUser(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // escaped octets that are not UTF-8
  }
}

/** SIP and SIPS URIs, RFC 3261 §19.1. */
import { isIPv6 } from 'node:net'
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

const userCharacters = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/%:]*$/
const hostName = /^(?=.{1,255}$)([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.?$/

/** Undefined when the text is no SIP URI. */
export function parseSipUri(text: string): SipUri | undefined {
  const match = /^(sips?):(?:([^@]*)@)?(\[[^\]]*\]|[^:;?[\]]*)(?::(\d{1,5}))?((?:;[^;?]*)*)(?:\?.*)?$/i.exec(text)
  if (!match) return undefined
  const [, scheme, userInfo, hostPart, portPart, parameterPart] = match
  const isBracketed = hostPart!.startsWith('[')
  const host = (isBracketed ? hostPart!.slice(1, -1) : hostPart!).toLowerCase()
  // RFC 5118 §4.10: the grammar of RFC 3261 lets a third colon come before an IPv4 part; what is meant has two.
  if (isBracketed ? !isIPv6(host.replace(':::', '::')) : !hostName.test(host)) return undefined
  const port = portPart === undefined ? undefined : Number(portPart)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  let user: string | undefined
  if (userInfo !== undefined) {
    if (userInfo === '' || !userCharacters.test(userInfo)) return undefined
    user = unescapeUser(userInfo.split(':')[0]!)
    if (user === undefined) return undefined
  }
  const parameters = new Map<string, string>()
  for (const parameter of parameterPart!.split(';').slice(1)) {
    const [name = '', value = ''] = parameter.split('=', 2)
    if (!isToken(name.replace(/[[\]/:&$]/g, ''))) return undefined
    parameters.set(name.toLowerCase(), value)
  }
  return { scheme: scheme!.toLowerCase() as 'sip' | 'sips', user, host, port, parameters }
}

/** The address-of-record of §10.3 step 5: no parameters, user unescaped, host in lower case. */
export function addressOfRecord({ scheme, user, host, port }: SipUri): string {
  const shown = host.includes(':') ? `[${host}]` : host
  return `${scheme}:${user === undefined ? '' : `${user}@`}${shown}${port === undefined ? '' : `:${port}`}`
}

function unescapeUser(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // escaped octets that are not UTF-8
  }
}

/**
 * Hosts as SIP writes them, RFC 3261 §25.1: a name, an IPv4 address, or an IPv6 address in brackets. Names may have `_` besides, as
 * those of many machines have: the DNS knows it.
 */
import { isIPv6 } from 'node:net'

const hostName = /^(?=.{1,255}$)(\w([\w-]*\w)?\.)*\w([\w-]*\w)?\.?$/

export function isHostName(text: string): boolean {
  return hostName.test(text)
}

/** As the host of `maddr` may be: an IPv6 address with its brackets, or as many write it without. */
export function isHost(text: string): boolean {
  return hostName.test(text) || isIPv6(unbracketed(text))
}

export function unbracketed(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** RFC 3261 §25.1: 1*3DIGIT, 0 to 255. */
export function isTtl(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= 255
}

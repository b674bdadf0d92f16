/**
 * What a request has to have before it is looked at: the headers that a proxy or a registrar reads, and no others (RFC 3261 §8.1.1,
 * §16.3 item 1).
 */
import { parseAddress } from './address.ts'
import { H } from './header-names.ts'
import { type Parts, SipRequest, stride } from './message.ts'
import { isToken, split } from './scan.ts'
import type { Via } from './via.ts'

const onceEach = [
  [H.from, 'From'],
  [H.to, 'To'],
  [H.callId, 'Call-ID'],
  [H.cseq, 'CSeq'],
] as const

/** The request, or in words what is wrong with it; that is a 400. `via` is the topmost one, when it can be read. */
export function checkRequest(
  parts: Parts,
  via: Via | undefined,
  method: string,
  requestUri: string,
): SipRequest | string {
  const fault = uriFault(requestUri) ?? faultOfOneEach(parts) ?? addressFault(parts, method)
  if (fault !== undefined) return fault
  if (parts.indexOf(H.via) < 0) return 'Via is missing'
  if (!via) return 'the topmost Via is not of the grammar'
  const cseq = parts.value(H.cseq) ?? ''
  const cseqMethod = cseqMethodOf(cseq)
  if (cseqMethod === undefined) return 'CSeq is not a number below 2^31 and a method'
  if (cseqMethod !== method) return `CSeq names ${cseqMethod}, the request line ${method}`
  const maxBreadth = parts.value(H.maxBreadth)
  if (maxBreadth !== undefined && (!/^\d{1,10}$/.test(maxBreadth) || parts.count(H.maxBreadth) > 1))
    return 'Max-Breadth is not one number'
  const maxForwards = parts.value(H.maxForwards)
  if (maxForwards !== undefined) {
    if (parts.count(H.maxForwards) > 1) return 'Max-Forwards is there more than once'
    if (!/^\d{1,9}$/.test(maxForwards) || Number(maxForwards) > 255) return 'Max-Forwards is not a number up to 255'
  }
  return new SipRequest(
    parts,
    method,
    requestUri,
    via,
    Number.parseInt(cseq, 10),
    maxForwards === undefined ? undefined : Number(maxForwards),
    maxBreadth === undefined ? undefined : Number(maxBreadth),
  )
}

/** The Request-URI by its characters alone: what it means is for who answers the request (§8.2.2.1). */
function uriFault(uri: string): string | undefined {
  if (/[<>"\t]/.test(uri)) return 'the Request-URI has characters that no URI has'
  // §19.1.1: headers are not for Request-URIs.
  if (uri.includes('?') && /^sips?:[^?]*@[^?]*\?/i.test(uri)) return 'the Request-URI has headers'
  return undefined
}

/** Of what tells transactions and dialogs apart there is one each. */
function faultOfOneEach(parts: Parts): string | undefined {
  for (const [id, name] of onceEach) {
    const count = parts.count(id)
    if (count === 0) return `${name} is missing`
    if (count > 1) return `${name} is there ${count} times`
  }
  return parts.value(H.callId) === '' ? 'Call-ID is empty' : undefined
}

/** Of From, To and Route, which every request is routed by; of Contact where it is a registration. */
function addressFault(parts: Parts, method: string): string | undefined {
  if (!isAddress(parts.from)) return 'From is not of the grammar'
  if (!isAddress(parts.to)) return 'To is not of the grammar'
  const { layout } = parts
  for (let at = 0; at < layout.length; at += stride) {
    const id = layout[at]
    if (id === H.route && !isListOf(parts.valueAt(at), isAddress)) return 'a route is not of the grammar'
    if (id === H.contact && method === 'REGISTER' && !isContactList(parts.valueAt(at)))
      return 'Contact is not of the grammar'
  }
  return undefined
}

/** A list with empty elements is one of the others. */
function isListOf(value: string, is: (element: string) => boolean): boolean {
  return split(value, ',')?.every((element) => element === '' || is(element)) ?? false
}

function isContactList(value: string): boolean {
  return value !== '' && isListOf(value, (contact) => contact === '*' || isAddress(contact))
}

/** From, To and Contact as nearly all of them are: <uri>, perhaps after words or a quoted name, and parameters of tokens. */
const usualAddress =
  /^(?:"[^"\\]*"[ \t]*|[A-Za-z0-9\-.!%*_+`'~ \t]*)<[^<>"\s]+>(?:[ \t]*;[ \t]*[A-Za-z0-9\-.!%*_+`'~]+(?:=[A-Za-z0-9\-.!%*_+`'~:[\]]+)?)*$/

function isAddress(value: string): boolean {
  return usualAddress.test(value) || parseAddress(value) !== undefined
}

const usualCSeq = /^(\d{1,10})[ \t]+(\S+)$/

/** Undefined when the value is not of the grammar (§20.16). */
export function cseqMethodOf(value: string): string | undefined {
  const [, number, method] = usualCSeq.exec(value) ?? []
  return method !== undefined && Number(number) < 2 ** 31 && isToken(method) ? method : undefined
}

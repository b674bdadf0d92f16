/** What transactions count for in memory besides the texts that they keep: objects, timers and entries of tables. */
import type { SipRequest } from '../message/message.ts'

/** With the response context of a request that is forwarded. */
const serverOctets = 2560
const clientOctets = 1280
/** A number in the layout of a message. */
const placeOctets = 12

/** Of a server transaction. */
export function octetsOfRequest({ text, layout }: Pick<SipRequest, 'text' | 'layout'>): number {
  return serverOctets + text.length + layout.length * placeOctets
}

/** Of a client transaction. */
export function octetsOfSent(text: string): number {
  return clientOctets + text.length
}

/** Of a response that is kept until it is known which of several goes back. */
export function octetsOfResponse({ text, layout }: Pick<SipRequest, 'text' | 'layout'>): number {
  return text.length + layout.length * placeOctets
}

/** Responses to a request: what RFC 3261 §8.2.6 copies, and where they go (§18.2.2, RFC 3581). */
import { isIP } from 'node:net'
import { canonicalAddress, isMulticastAddress, withoutZone } from '../../lib/net/address.ts'
import { H } from './header-names.ts'
import { type Hop, isReliable } from './hop.ts'
import { unbracketed } from './host.ts'
import { type Parts, stride } from './message.ts'
import { quoted, reasonPhrase } from './reason.ts'
import type { Via } from './via.ts'

export interface ExtraHeader {
  readonly name: string
  readonly value: string
}

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  /** What is wrong with the request, in a sentence of ours for who sent it; it goes into a Warning (§20.43). */
  readonly detail?: string
  readonly headers?: readonly ExtraHeader[]
}

/** Of an answer, the detail among them: 399 is any warning, and the agent a pseudonym. */
export function headersOf({ detail, headers = [] }: Answer): readonly ExtraHeader[] {
  return detail === undefined ? headers : [...headers, { name: 'Warning', value: `399 castellan ${quoted(detail)}` }]
}

type Answerable = Pick<Parts, 'text' | 'layout' | 'indexOf' | 'value' | 'valueAt' | 'valueEnd'>

const lastHeaders = 'Server: Castellan\r\nContent-Length: 0\r\n\r\n'
const lineBreaks = /[\r\n]/
const everyLineBreak = /[\r\n]+/g

/**
 * The text of a response. `tag` is for a To that has none (§8.2.6.2): the same for the same request, whoever answers it.
 * The reason phrase may be any words; they end where a line would.
 */
export function formatResponse(
  request: Answerable,
  via: Via | undefined,
  source: Hop,
  tag: string,
  status: number,
  reason: string,
  extra: readonly ExtraHeader[] = [],
): string {
  let response = `SIP/2.0 ${status} ${lineBreaks.test(reason) ? reason.replace(everyLineBreak, ' ') : reason}\r\n`
  const { layout, text } = request
  let isTopmost = true
  for (let at = 0; at < layout.length; at += stride) {
    if (layout[at] !== H.via) continue
    response += `Via: ${isTopmost && via ? withReceived(text, via, source, request.valueEnd(at)) : request.valueAt(at)}\r\n`
    isTopmost = false
  }
  const to = request.value(H.to)
  response += line('From', request.value(H.from))
  response += line('To', to !== undefined && status > 100 ? withTag(to, tag) : to)
  response += line('Call-ID', request.value(H.callId))
  response += line('CSeq', request.value(H.cseq))
  // §8.2.6.1: how long the way took is measured with 100 alone.
  if (status === 100) response += line('Timestamp', request.value(H.timestamp))
  for (const { name, value } of extra) response += line(name, value)
  return `${response}${lastHeaders}`
}

/** The answer to what could not be taken as a request, with what is wrong with it. */
export function formatRefusal(
  request: Answerable,
  via: Via | undefined,
  source: Hop,
  tag: string,
  answer: Answer,
): string {
  return formatResponse(request, via, source, tag, answer.status, reasonPhrase(answer.status), headersOf(answer))
}

function line(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name}: ${value}\r\n`
}

/** Where a response to a request goes that came from `source` (§18.2.2, RFC 3581 §4). */
export function responseTarget(via: Via, source: Hop): Hop {
  // Over a connection: the same one; the port is for when it is gone by then.
  if (isReliable(source)) return { ...source, port: via.port ?? defaultPort(source) }
  const maddr = obeyedMaddr(via, source.address)
  if (maddr !== undefined && isIP(maddr) === isIP(source.address))
    return { ...source, address: maddr, port: via.port ?? 5060 }
  return via.rport === undefined ? { ...source, port: via.port ?? 5060 } : source
}

/** A maddr is for multicast; of other addresses only the sender's own is believed, or answers would go to anybody it names. */
function obeyedMaddr({ maddr }: Via, sender: string): string | undefined {
  if (maddr === undefined) return undefined
  const address = canonicalAddress(unbracketed(maddr))
  return isMulticastAddress(address) || address === sender ? address : undefined
}

export type ViaTarget = Pick<Hop, 'transport' | 'address' | 'port'>

/** Where a Via of a response on its way back says that it goes; undefined when it names no numeric address. */
export function viaTarget(via: Via): ViaTarget | undefined {
  const transport = via.transport
  if (transport !== 'UDP' && transport !== 'TCP' && transport !== 'TLS') return undefined
  const sender = unbracketed(via.received ?? via.host)
  if (isIP(sender) === 0) return undefined
  const maddr = transport === 'UDP' ? obeyedMaddr(via, sender) : undefined
  const port = ((maddr === undefined && via.rport) || via.port) ?? (transport === 'TLS' ? 5061 : 5060)
  return { transport, address: maddr ?? sender, port }
}

function defaultPort(hop: Hop): number {
  return hop.transport === 'TLS' ? 5061 : 5060
}

/** The header's value with received and rport as they really were. */
function withReceived(text: string, via: Via, source: Hop, lineEnd: number): string {
  const element = receivedElement(text, via, source).trimStart()
  return via.end === lineEnd ? element : element + text.slice(via.end, lineEnd).trimEnd()
}

/** The topmost Via element with what §18.2.1 and RFC 3581 §4 add. */
export function receivedElement(text: string, via: Via, source: Hop): string {
  const address = withoutZone(source.address)
  const isElsewhere = unbracketed(via.host) !== address
  if (via.rport === undefined && via.received === undefined && !isElsewhere) return text.slice(via.start, via.end)
  let element = ''
  let at = via.start
  const skips = [
    { from: via.rportStart - 1, to: via.rportEnd },
    { from: via.receivedStart, to: via.receivedEnd },
  ].filter(({ from }) => from >= 0)
  for (const { from, to } of skips.sort((one, other) => one.from - other.from)) {
    element += text.slice(at, from)
    at = to
  }
  element = `${element}${text.slice(at, via.end)}`.trimEnd()
  if (via.rport !== undefined) element += `;rport=${source.port}`
  if (via.rport !== undefined || isElsewhere) element += `;received=${address}`
  return element
}

function withTag(to: string, tag: string): string {
  return hasTag(to) ? to : `${to};tag=${tag}`
}

/** Whether a request belongs to a dialog. */
export function hasToTag(request: Pick<Parts, 'to'>): boolean {
  return hasTag(request.to)
}

/** Whether a From or To has a tag (§19.3). */
export function hasTag(value: string): boolean {
  const at = value.indexOf(';', value.lastIndexOf('>') + 1)
  return at >= 0 && /;\s*tag\s*=/i.test(value.slice(at))
}

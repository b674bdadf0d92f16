/** The flow of a user agent (RFC 5626 §2): the way that its requests come by, as a word that is kept, and whether it is the only way back. */
import { isIP } from 'node:net'
import { isPrivateAddress, parsePort } from '../../lib/net/address.ts'
import { H } from './header-names.ts'
import { type Hop, isReliable, type TransportName } from './hop.ts'
import { unbracketed } from './host.ts'
import type { SipRequest } from './message.ts'
import { reachedHost, type SipUri } from './uri.ts'
import type { Via } from './via.ts'

/** `UDP/192.0.2.7/5060/0/`, then the connection; and where there is one the local address, after another slash. */
export function formatFlow({ transport, address, port, listener, connection, local }: Hop): string {
  const flow = `${transport}/${address}/${port}/${listener}/${connection ?? ''}`
  return local === undefined ? flow : `${flow}/${local}`
}

/** Undefined when it is none. */
export function parseFlow(text: string): Hop | undefined {
  const [transport, address = '', portText = '', listener = '', connection, local] = text.split('/')
  if (transport !== 'UDP' && transport !== 'TCP' && transport !== 'TLS') return undefined
  const port = parsePort(portText)
  if (isIP(address) === 0 || port === undefined || !/^\d{1,4}$/.test(listener)) return undefined
  return {
    transport: transport satisfies TransportName,
    address,
    port,
    listener: Number(listener),
    connection: connection || undefined,
    ...(local && { local }),
  }
}

/**
 * Whether a user agent is reached by its flow rather than at the contact it gives. `via` is its own, and `source` is where its request
 * came from, with no proxy between.
 */
export function isReachedByFlow(contact: SipUri | undefined, via: Via, source: Hop): boolean {
  // A connection that it opened is the surest way back, and often the only one.
  if (isReliable(source)) return true
  if (!contact) return false
  const host = reachedHost(contact)
  const { address, port } = source
  // RFC 3581 §4: who asks for rport sends from where it listens, and with another port in its Via something rewrote that.
  const isPortRewritten = via.rport !== undefined && (via.port ?? defaultPort) !== port
  if (host === address) return isPortRewritten && (contact.port ?? defaultPort) !== port
  return isPortRewritten || unbracketed(via.host) !== address || leadsNowhere(host, address)
}

const defaultPort = 5060

/** A name that nobody has (RFC 2606 §2), or an address of a network that its sender is not seen in. */
function leadsNowhere(host: string, sender: string): boolean {
  return /(?:^|\.)invalid\.?$/.test(host) || (isIP(host) !== 0 && isPrivateAddress(host) && !isPrivateAddress(sender))
}

/** RFC 5626 §5.1: no proxy was before this one, since there is one Via. */
export function isFromUserAgent(request: SipRequest): boolean {
  const { text, via } = request
  return request.count(H.via) === 1 && text[via.end] !== ','
}

/** A hop: where a message came from, and where one goes; what the layers above know of sockets. */

import { hostAndPort } from '../../lib/net/address.ts'

export type TransportName = 'UDP' | 'TCP' | 'TLS'

/** A host and port on one of our transports; numeric addresses only. */
export interface Hop {
  readonly transport: TransportName
  readonly address: string
  readonly port: number
  /** Which of our listening addresses it leaves from or came in by; an index into the configured ones. */
  readonly listener: number
  /** A connection that is to be used while it is open, `WORKER.NUMBER`. */
  readonly connection: string | undefined
  /** The address of ours that it came to over UDP, where a wildcard listener has several: what goes back leaves from it. */
  readonly local?: string
  /** The host of the URI that led here: over TLS the certificate has to be for it. */
  readonly domain?: string
}

export function isReliable({ transport }: Hop): boolean {
  return transport !== 'UDP'
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function formatHop({ address, port }: Pick<Hop, 'address' | 'port'>): string {
  return hostAndPort(address, port)
}

/** `TCP 192.0.2.7:40000`, for people. */
export function hopText(hop: Pick<Hop, 'transport' | 'address' | 'port'>): string {
  return `${hop.transport} ${formatHop(hop)}`
}

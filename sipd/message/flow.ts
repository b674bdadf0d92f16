/** A hop as one word, for keeping with a registration: where a phone registered from is where it is reached. */
import { isIP } from 'node:net'
import { parsePort } from '../../lib/net/address.ts'
import type { Hop, TransportName } from './hop.ts'

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

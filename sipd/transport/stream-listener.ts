/** A listening socket of TCP or TLS: gives the connections that are ready, and the TLS handshakes that begin. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { unmapped } from '../../lib/net/address.ts'

/** Who connects. */
export interface FarEnd {
  readonly address: string
  readonly port: number
}

export interface StreamListenerOptions {
  readonly address: string
  readonly port: number
  /** Undefined for TCP. */
  readonly tls: TlsOptions | undefined
  readonly onConnection: (socket: Socket, far: FarEnd) => void
  readonly onHandshake: (socket: Socket, far: FarEnd) => void
  readonly onHandshakeFailed: (error: Error) => void
  readonly onError: (error: Error) => void
}

/** Nobody has said anything in SIP yet. */
const handshakeWithinMs = 10_000

/** Rejects when the port cannot be had. */
export async function listenForStreams(options: StreamListenerOptions): Promise<Server> {
  const { address, port, tls, onConnection, onHandshake } = options
  const accept = (socket: Socket): void => {
    const far = farEndOf(socket)
    if (far) onConnection(socket, far)
    else socket.destroy()
  }
  const server = tls
    ? createTlsServer({ ...tls, handshakeTimeout: handshakeWithinMs }, accept)
    : createServer({ noDelay: true }, accept)
  if (tls)
    server.on('connection', (socket: Socket) => {
      const far = farEndOf(socket)
      if (far) onHandshake(socket, far)
    })
  server.on('tlsClientError', options.onHandshakeFailed)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, ipv6Only: address.includes(':'), backlog: 1024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', options.onError)
  return server
}

/** Undefined for one that has ended already. */
function farEndOf({ remoteAddress, remotePort }: Socket): FarEnd | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  return { address: unmapped(remoteAddress), port: remotePort }
}

/** A relay of TCP on loopback that can fail as networks do. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePorts } from './sip-ports.ts'

/** Passes on what comes, until it is told to cut the connections or to pass nothing on any more. */
export class TcpProxy {
  readonly port: number
  /** Octets from the clients so far. */
  octets = 0
  /** How many connections were made. */
  connections = 0
  /** When the clients have sent so many, what is below happens to their connections. */
  after = Number.POSITIVE_INFINITY
  what: 'cut' | 'stall' = 'cut'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer()
    const port = await freePorts(1)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new TcpProxy(server, port)
    server.on('connection', (client: Socket) => proxy.#join(client, connect(target, '127.0.0.1')))
    return proxy
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.cutAll()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket, server: Socket): void {
    this.connections++
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.on('data', (chunk) => {
      this.octets += chunk.length
      if (this.octets < this.after) server.write(chunk)
      else if (this.what === 'cut') client.destroy()
    })
    server.on('data', (chunk) => {
      if (this.octets < this.after) client.write(chunk)
    })
  }
}

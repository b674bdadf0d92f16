/** A SIP client of the tests' own, over UDP, TCP or TLS: it sends text and waits for messages, and decides nothing. */
import { randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

export interface Destination {
  readonly host: string
  readonly port: number
}

export interface SipClient {
  readonly transport: 'UDP' | 'TCP' | 'TLS'
  readonly port: number
  send(message: string | Uint8Array): void
  /** The next message for which `isWanted` holds; others before it are passed over. */
  receive(isWanted: (message: string) => boolean, withinMs?: number): Promise<string>
  close(): void
}

/** `from` is an address of this machine; a loopback one unless said. */
export async function openUdp(
  { host, port }: Destination,
  from = host.includes(':') ? '::1' : '127.0.0.1',
): Promise<SipClient> {
  // Room for the answers to a burst: those that find none are lost, and look like some that were not given.
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 })
  const inbox = new Inbox()
  socket.on('message', (octets: Buffer) => inbox.put(octets.toString('latin1')))
  socket.on('error', (error) => inbox.end(error.message))
  socket.bind({ address: from, port: 0 })
  await once(socket, 'listening')
  socket.unref() // a test that fails without closing it is to end all the same
  return {
    transport: 'UDP',
    port: socket.address().port,
    send: (message) => socket.send(message, port, host),
    receive: (isWanted, withinMs) => inbox.take(isWanted, withinMs),
    close: () => socket.close(),
  }
}

export async function openTcp({ host, port }: Destination): Promise<SipClient> {
  const socket = connectTcp({ host, port })
  const client = overStream(socket, 'TCP')
  await once(socket, 'connect')
  socket.unref()
  return client()
}

/** Rejects when the handshake is refused; with TLS 1.3 a refusal of our certificate shows only at the first read. */
export async function openTls({ host, port }: Destination, options: ConnectionOptions): Promise<SipClient> {
  const socket = connectTls({ host, port, servername: 'example.test', ...options })
  const client = overStream(socket, 'TLS')
  await once(socket, 'secureConnect')
  socket.unref()
  return client()
}

/** The text of a request; Via, From, To, Call-ID, CSeq and Content-Length are given unless `headers` has them. */
export function requestText(
  method: string,
  uri: string,
  { transport, port }: Pick<SipClient, 'transport' | 'port'>,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const given = Object.keys(headers).map((name) => name.toLowerCase())
  const usual: Record<string, string> = {
    Via: `SIP/2.0/${transport} 127.0.0.1:${port};branch=z9hG4bK${randomUUID()};rport`,
    From: '<sip:ann@example.test>;tag=ann',
    To: '<sip:bob@example.test>',
    'Call-ID': randomUUID(),
    CSeq: `1 ${method}`,
    'Max-Forwards': '70',
  }
  const lines = [
    ...Object.entries(usual).filter(([name]) => !given.includes(name.toLowerCase())),
    ...Object.entries(headers),
    ['Content-Length', String(Buffer.byteLength(body))],
  ].map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${uri} SIP/2.0`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** Sends a request and gives the final response to it; over UDP the request is repeated as timer E would. */
export async function exchange(client: SipClient, request: string, withinMs = 4000): Promise<string> {
  const key = (message: string): string => `${header(message, 'Call-ID')} ${header(message, 'CSeq')}`
  const wanted = key(request)
  const deadline = performance.now() + withinMs
  for (let waitMs = 500; ; waitMs *= 2) {
    client.send(request)
    const leftMs = deadline - performance.now()
    try {
      return await client.receive(
        (message) => /^SIP\/2\.0 [2-6]/.test(message) && key(message) === wanted,
        client.transport === 'UDP' ? Math.min(waitMs, leftMs) : leftMs,
      )
    } catch (error) {
      if (client.transport !== 'UDP' || performance.now() + 1 >= deadline) throw error
    }
  }
}

export function statusOf(response: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(response)?.[1])
}

/** The first header of that name; the tests' peers write names in full. */
export function header(message: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(message)?.[1]
}

export interface Binding {
  readonly user: string
  readonly contact: string
  readonly q?: string
  readonly expiresSeconds?: number
}

/** Registers one contact from a socket of its own; throws when the answer is not 200. */
export async function register(server: Destination, binding: Binding): Promise<void> {
  const client = await openUdp(server)
  try {
    await registerOver(client, binding)
  } finally {
    client.close()
  }
}

/** Registers one contact; throws when the answer is not 200. */
export async function registerOver(client: SipClient, binding: Binding): Promise<void> {
  const { user, contact, q, expiresSeconds = 600 } = binding
  const address = `<sip:${user}@example.test>`
  const response = await exchange(
    client,
    requestText('REGISTER', 'sip:example.test', client, {
      From: `${address};tag=${client.port}`,
      To: address,
      Contact: `<${contact}>${q === undefined ? '' : `;q=${q}`}`,
      Expires: String(expiresSeconds),
    }),
  )
  if (statusOf(response) !== 200) throw new Error(`REGISTER of ${contact} for ${user} was answered:\n${response}`)
}

/** The contacts that the registrar holds for a user: a REGISTER without Contact (RFC 3261 §10.2.3). */
export async function bindingsOf(client: SipClient, user: string): Promise<string[]> {
  const address = `<sip:${user}@example.test>`
  const response = await exchange(
    client,
    requestText('REGISTER', 'sip:example.test', client, { From: `${address};tag=${user}`, To: address }),
  )
  if (statusOf(response) !== 200)
    throw new Error(`the bindings of ${user} were asked for, and the answer is:\n${response}`)
  return [...response.matchAll(/<(sips?:[^>]*)>;?[^,\r]*expires=/gi)].map(([, contact]) => contact!)
}

class Inbox {
  readonly #messages: string[] = []
  #wake: () => void = () => {}
  #ending: string | undefined

  put(message: string): void {
    this.#messages.push(message)
    this.#wake()
  }

  end(reason: string): void {
    this.#ending ??= reason
    this.#wake()
  }

  async take(isWanted: (message: string) => boolean, withinMs = 4000): Promise<string> {
    const deadline = performance.now() + withinMs
    const passed: string[] = []
    for (;;) {
      for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
        if (isWanted(message)) return message
        passed.push(message.slice(0, message.indexOf('\r\n')))
      }
      const leftMs = deadline - performance.now()
      const seen = `but: ${passed.join(', ') || 'nothing'}`
      if (this.#ending !== undefined)
        throw new Error(`the connection is over (${this.#ending}); it brought what was not wanted, ${seen}`)
      if (leftMs <= 0) throw new Error(`no such message came within ${Math.round(withinMs)} ms, ${seen}`)
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, leftMs)
      })
      clearTimeout(timer)
    }
  }
}

/** Messages in a stream end where their Content-Length says (RFC 3261 §18.3). */
function overStream(socket: Socket, transport: 'TCP' | 'TLS'): () => SipClient {
  const inbox = new Inbox()
  let rest = ''
  socket.on('data', (octets: Buffer) => {
    rest = (rest + octets.toString('latin1')).replace(/^(\r\n)+/, '')
    for (;;) {
      const headerEnd = rest.indexOf('\r\n\r\n')
      if (headerEnd < 0) return
      const end = headerEnd + 4 + Number(header(rest.slice(0, headerEnd + 2), 'Content-Length') ?? 0)
      if (rest.length < end) return
      inbox.put(rest.slice(0, end))
      rest = rest.slice(end)
    }
  })
  socket.on('error', (error) => inbox.end(error.message))
  socket.on('close', () => inbox.end('it was closed'))
  return () => ({
    transport,
    port: socket.localPort!,
    send: (message) => void socket.write(message),
    receive: (isWanted, withinMs) => inbox.take(isWanted, withinMs),
    close: () => socket.destroy(),
  })
}

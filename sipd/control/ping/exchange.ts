/** Sends OPTIONS over UDP, TCP or TLS, as the non-INVITE client transaction of RFC 3261 §17.1.2 does, and waits for the answer. */

import { createSocket, type Socket } from 'node:dgram'
import { type Socket as Connection, createConnection, isIP, isIPv6 } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import { codeOf } from '../../../lib/errors.ts'
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import type { SipResponse } from '../../message/message.ts'
import { checkSipIdentity } from '../../transport/certificate.ts'
import { type OptionsRequest, optionsRequest } from './options.ts'

export interface PingTarget {
  /** The Request-URI. */
  readonly uri: string
  readonly transport: 'UDP' | 'TCP' | 'TLS'
  readonly address: string
  readonly port: number
  /** For TLS: whose certificate it has to be. */
  readonly tls?: TlsTarget
}

export interface TlsTarget {
  /** The host of the URI, for which the certificate is (RFC 5922 §4). */
  readonly host: string
  /** Authorities in PEM; those of the system without them. */
  readonly authorities?: Buffer
  /** SHA-256 of the one certificate that is taken, as `AB:CD:…`; nothing else of it counts then. */
  readonly fingerprint?: string
}

export interface PingAnswer {
  readonly status: number
  readonly reason: string
  /** From the first request, retransmitted or not, to the final response. */
  readonly roundTripMs: number
  readonly retransmissions: number
}

/** No final response came: not in time, or because nobody listens. */
export class NoResponseError extends Error {}

const t1Ms = 500
const t2Ms = 4000
/** A response is a few hundred octets; whoever sends more without an end is no SIP server. */
const longestResponseOctets = 65_536

/** Throws NoResponseError. */
export function ping(target: PingTarget, timeoutMs: number, clock: Clock): Promise<PingAnswer> {
  return target.transport === 'UDP' ? pingUdp(target, timeoutMs, clock) : pingStream(target, timeoutMs, clock)
}

async function pingUdp(target: PingTarget, timeoutMs: number, clock: Clock): Promise<PingAnswer> {
  const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4')
  let timerE: Timer | undefined
  try {
    return await new Promise<PingAnswer>((resolve, reject) => {
      const exchange = new Exchange(target, { timeoutMs, clock, resolve, reject })
      socket.on('error', (error) => exchange.fail(error))
      socket.on('connect', () => {
        const request = exchange.begin(localName(socket))
        const send = (): void => socket.send(request.octets, (error) => error && exchange.fail(error))
        const startTimerE = (delayMs: number): void => {
          timerE = clock.after(delayMs, () => {
            exchange.retransmissions++
            send()
            startTimerE(exchange.isProceeding ? t2Ms : Math.min(2 * delayMs, t2Ms))
          })
        }
        socket.on('message', (octets) => exchange.receive(octets))
        startTimerE(t1Ms)
        send()
      })
      // A connected socket is told by ICMP that nobody listens, and takes no answer from others.
      socket.connect(target.port, target.address)
    })
  } finally {
    timerE?.cancel()
    socket.close()
  }
}

async function pingStream(target: PingTarget, timeoutMs: number, clock: Clock): Promise<PingAnswer> {
  const connection = target.transport === 'TLS' ? connectTls(target) : createConnection(placeOf(target))
  try {
    return await new Promise<PingAnswer>((resolve, reject) => {
      const exchange = new Exchange(target, { timeoutMs, clock, resolve, reject })
      let received = Buffer.alloc(0)
      connection.on('error', (error) => exchange.fail(error))
      connection.on('close', () => exchange.fail(new Error('the connection was closed')))
      connection.on(target.transport === 'TLS' ? 'secureConnect' : 'connect', () => {
        const found = connection instanceof TLSSocket ? connection.getPeerCertificate().fingerprint256 : undefined
        const wanted = target.tls?.fingerprint
        if (wanted !== undefined && found !== wanted)
          exchange.fail(new Error(`the certificate has the fingerprint ${found}, not ${wanted}`))
        else connection.write(exchange.begin(localName(connection)).octets)
      })
      connection.on('data', (octets) => {
        received = Buffer.concat([received, octets])
        for (let end = endOfMessage(received); end !== undefined; end = endOfMessage(received)) {
          exchange.receive(received.subarray(0, end))
          received = received.subarray(end)
        }
        if (received.length > longestResponseOctets) exchange.fail(new Error('what comes back is no SIP'))
      })
    })
  } finally {
    connection.destroy()
  }
}

function placeOf({ address, port }: PingTarget): { host: string; port: number } {
  return { host: address, port }
}

function connectTls(target: PingTarget): TLSSocket {
  const { host = target.address, authorities, fingerprint } = target.tls ?? {}
  return connect({
    ...placeOf(target),
    minVersion: 'TLSv1.2',
    ...(authorities && { ca: authorities }),
    // Who knows the certificate itself needs no authority, and no name in it.
    rejectUnauthorized: fingerprint === undefined,
    checkServerIdentity: (_address, certificate) => checkSipIdentity(host, certificate),
    // Server names are names (RFC 6066 §3).
    ...(isIP(host) === 0 && { servername: host }),
  })
}

interface ExchangeOptions {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly resolve: (answer: PingAnswer) => void
  readonly reject: (error: NoResponseError) => void
}

/** What both transports have in common: one request, responses, a time limit, one end. */
class Exchange {
  readonly #target: PingTarget
  readonly #options: ExchangeOptions
  readonly #limit: Timer
  #request: OptionsRequest | undefined
  #sentMs = 0
  retransmissions = 0
  /** A provisional response came. */
  isProceeding = false

  constructor(target: PingTarget, options: ExchangeOptions) {
    this.#target = target
    this.#options = options
    this.#limit = options.clock.after(options.timeoutMs, () =>
      this.fail(new Error(`no final response within ${options.timeoutMs / 1000} s`)),
    )
  }

  begin(local: string): OptionsRequest {
    this.#request = optionsRequest(this.#target.uri, this.#target.transport, local)
    this.#sentMs = this.#options.clock.monotonicMs()
    return this.#request
  }

  receive(octets: Buffer): void {
    const response: SipResponse | undefined = this.#request?.match(octets)
    if (!response) return
    if (response.status < 200) {
      this.isProceeding = true
      return
    }
    this.#limit.cancel()
    this.#options.resolve({
      status: response.status,
      reason: response.reason,
      roundTripMs: this.#options.clock.monotonicMs() - this.#sentMs,
      retransmissions: this.retransmissions,
    })
  }

  fail(error: Error): void {
    this.#limit.cancel()
    const { transport, address, port } = this.#target
    const what = codeOf(error) === 'ECONNREFUSED' ? 'nobody listens' : error.message
    this.#options.reject(
      new NoResponseError(`${transport.toLowerCase()} ${hostAndPort(address, port)}: ${what}`, { cause: error }),
    )
  }
}

/** Where a message of a stream ends (§18.3); undefined while it has not come whole. Blank lines before it are part of it. */
function endOfMessage(octets: Buffer): number | undefined {
  const start = octets.findIndex((octet) => octet !== 0x0d && octet !== 0x0a)
  const blank = start < 0 ? -1 : octets.indexOf('\r\n\r\n', start)
  if (blank < 0) return undefined
  const head = octets.toString('latin1', start, blank)
  const length = Number(/\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d{1,9})/i.exec(head)?.[1] ?? 0)
  const end = blank + 4 + length
  return end <= octets.length ? end : undefined
}

function localName(socket: Socket | Connection): string {
  const { address, port } = socket.address() as { address: string; port: number }
  return hostAndPort(address, port)
}

export function hostAndPort(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}

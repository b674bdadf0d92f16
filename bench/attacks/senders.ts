/** What an attacker sends with: datagrams and connections from addresses of the peer, counted, and ended with the attack. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Whom an attack is aimed at, and with what. */
export interface Attack {
  readonly server: string
  readonly sipPort: number
  readonly snmpPort: number
  /** Of the socket for subagents of others. */
  readonly agentxPath: string
  /** The attacker's own address. */
  readonly from: string
  readonly signal: AbortSignal
  /** What was sent, for the report. */
  count(): void
}

export async function udpFrom({ from, signal }: Attack): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  socket.on('error', () => {}).on('message', () => {})
  socket.bind(0, from)
  await once(socket, 'listening')
  signal.addEventListener('abort', () => socket.close())
  return socket
}

/** A connection that reads what comes, unless `deaf`; undefined when there is none to be had. */
export async function tcpFrom({ server, sipPort, from, signal }: Attack, deaf = false): Promise<Socket | undefined> {
  const socket = createConnection({ host: server, port: sipPort, localAddress: from })
  socket.on('error', () => {})
  if (!deaf) socket.on('data', () => {})
  signal.addEventListener('abort', () => socket.destroy())
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch {
    socket.destroy()
    return undefined
  }
}

/** Runs a step so many times a second until the attack is over, in bursts of ten milliseconds. */
export async function atRate(perSecond: number, { signal }: Attack, step: (n: number) => void): Promise<void> {
  const beganMs = performance.now()
  let done = 0
  while (!signal.aborted) {
    const due = ((performance.now() - beganMs) * perSecond) / 1000
    // What the core had no time for is left out, and is not sent in one heap.
    if (due - done > perSecond) done = Math.floor(due - perSecond)
    for (; done < due; done++) step(done)
    await pause(10)
  }
}

let messages = 0

/** A request of the attacker's; `more` are whole lines. */
export function sipRequest({ from }: Attack, { method, uri, via = '', more = [], body = '' }: SipRequestText): string {
  const n = ++messages
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from}:5099;branch=z9hG4bKattack${n}${via}`,
    'Max-Forwards: 70',
    `From: <sip:attacker@bench.example>;tag=${n}`,
    ...(more.some((line) => line.startsWith('To:')) ? [] : [`To: <${uri}>`]),
    ...(more.some((line) => line.startsWith('Call-ID:')) ? [] : [`Call-ID: attack-${n}-${from}`]),
    `CSeq: 1 ${method}`,
    ...more,
    `Content-Length: ${body.length}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

export interface SipRequestText {
  readonly method: string
  readonly uri: string
  /** Parameters of the Via, each with its semicolon. */
  readonly via?: string
  readonly more?: readonly string[]
  readonly body?: string
}

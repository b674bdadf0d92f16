/** Transports on real sockets, with time by hand, and the peers that they talk to. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { silentLog } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Account } from '../../sipd/account/account.ts'
import { type DebugLog, noDebug } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { SipStatistics } from '../../sipd/statistics/statistics.ts'
import { Transports } from '../../sipd/transport/transports.ts'
import { accountFor } from '../support/sip-account.ts'
import { freePorts } from '../support/sip-ports.ts'
import { request } from './proxy-support.ts'

export const message = request('OPTIONS', 'sip:example.test')

/** Waits for what events of the sockets bring about. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

interface Received {
  readonly text: string
  readonly source: Hop
}

/** Transports on a port of their own, with time by hand; all is closed when the test is over. */
export async function serve(
  work: (served: Served) => Promise<void>,
  more: {
    readonly maxConnections?: number
    readonly peers?: readonly { host: string; port: number }[]
    readonly lookup?: (host: string) => Promise<readonly string[]>
    readonly registeredOfSource?: number
    readonly isReachedBy?: (user: string, connection: string) => boolean
    readonly reuses?: boolean
    readonly debug?: DebugLog
    readonly account?: Account
  } = {},
): Promise<void> {
  const clock = new ManualClock()
  const port = await freePorts(1)
  const received: Received[] = []
  const refused: { status: number; source: Hop }[] = []
  let wake = (): void => {}
  const account = more.account ?? accountFor(clock)
  const transports = new Transports({
    listeners: [{ address: '127.0.0.1', port, tlsPort: undefined }],
    tls: undefined,
    worker: 1,
    maxConnections: more.maxConnections ?? 100,
    registeredOfSource: more.registeredOfSource ?? 1000,
    isReachedBy: more.isReachedBy ?? (() => false),
    outboundIdleMs: 200_000,
    connectTimeoutMs: 1000,
    reusesConnections: more.reuses ?? true,
    typeOfService: 0x60,
    peers: more.peers ?? [],
    lookup: more.lookup ?? (async () => []),
    clock,
    log: silentLog,
    faults: new FaultGuard(clock, silentLog),
    debug: more.debug ?? noDebug,
    statistics: new SipStatistics(clock),
    account,
    onMessage: (octets, source) => {
      received.push({ text: octets.toString('latin1'), source })
      wake()
    },
    onFramingError: ({ status }, source) => {
      refused.push({ status, source })
      transports.send('SIP/2.0 400 refused\r\n\r\n', source)
      wake()
    },
  })
  await transports.start()
  const sockets: Socket[] = []
  const arrival = async (count: number): Promise<void> => {
    while (received.length + refused.length < count)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  try {
    await work({
      port,
      clock,
      transports,
      received,
      refused,
      arrival,
      open: async () => {
        const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
        sockets.push(socket)
        socket.on('error', () => {})
        await once(socket, 'connect')
        return socket
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    transports.stop()
  }
}

export interface Served {
  readonly port: number
  readonly clock: ManualClock
  readonly transports: Transports
  readonly received: Received[]
  readonly refused: { status: number; source: Hop }[]
  /** Resolves when so many messages and refusals were there in all. */
  arrival(count: number): Promise<void>
  open(): Promise<Socket>
}

/** A TCP peer of ours that keeps what it is sent. */
export interface Peer {
  readonly hop: Hop
  readonly sockets: Socket[]
  readonly next: () => Promise<string>
}

export async function peer(work: (peer: Peer) => Promise<void>): Promise<void> {
  const sockets: Socket[] = []
  const inbox: string[] = []
  let wake = (): void => {}
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (octets) => {
      inbox.push(octets.toString('latin1'))
      wake()
    })
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  try {
    await work({
      hop: { transport: 'TCP', address: '127.0.0.1', port, listener: 0, connection: undefined },
      sockets,
      next: async () => {
        while (inbox.length === 0)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        return inbox.shift()!
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

/** Gives the connection that the message leaves by. */
export function sendBy(transports: Transports, text: string, hop: Hop): string {
  let by: string | undefined
  transports.send(text, hop, undefined, (connection) => {
    by = connection
  })
  return by ?? assert.fail('it leaves by no connection')
}

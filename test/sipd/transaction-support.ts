/** A transaction layer without a proxy: its user is the test, and time is moved by hand. */
import { ManualClock } from '../../lib/time/clock.ts'
import { noDebug } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import type { SipRequest, SipResponse } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { SipStatistics } from '../../sipd/statistics/statistics.ts'
import type { ClientUser } from '../../sipd/transaction/client.ts'
import { KeyHasher } from '../../sipd/transaction/hash.ts'
import { HeldTransactions } from '../../sipd/transaction/held.ts'
import { TransactionLayer, type TransactionUser } from '../../sipd/transaction/layer.ts'
import { Outbound } from '../../sipd/transaction/outbound.ts'
import type { TimerValues } from '../../sipd/transaction/parts.ts'
import type { ServerTransaction } from '../../sipd/transaction/server.ts'
import { TimerWheel } from '../../sipd/transaction/timer-wheel.ts'
import { standardTimers, TransactionTimers } from '../../sipd/transaction/timers.ts'
import type { Sender } from '../../sipd/transport/sender.ts'
import { accountFor } from '../support/sip-account.ts'
import { caller, request, responseTo, type Sent } from './proxy-support.ts'

export const overUdp: Hop = { transport: 'UDP', address: '203.0.113.5', port: 5060, listener: 0, connection: undefined }
export const overTcp: Hop = { ...overUdp, transport: 'TCP' }

export const branch = 'z9hG4bKours'

/** The four machines fire their timers to the nearest tick, and never early. */
export const tickMs = 25

export function transactions(timers: Partial<TimerValues> = {}) {
  const clock = new ManualClock()
  const sent: Sent[] = []
  const bugs: unknown[] = []
  const wheel = new TimerWheel(clock, (error) => bugs.push(error))
  const values = { ...standardTimers, ...timers }
  const held = new HeldTransactions({ clock, holdMs: values.holdMs, maxOctets: 1 << 30 })
  const account = accountFor(clock)
  const statistics = new SipStatistics(clock)
  const sender: Sender = {
    send: (text, hop, failed) =>
      sent.push({ text, hop, atMs: clock.monotonicMs(), fail: () => failed?.(new Error('refused')) }),
  }
  const layer = new TransactionLayer({
    clock,
    account,
    held,
    transport: new Outbound(sender, statistics),
    hasher: new KeyHasher(),
    timers: new TransactionTimers(values, wheel),
    debug: noDebug,
    statistics,
    maxTransactions: 1_000_000,
    retryAfterSeconds: 60,
  })
  const servers: ServerTransaction[] = []
  const acks: SipRequest[] = []
  const serverUser: TransactionUser = {
    onRequest: (transaction) => servers.push(transaction),
    onAck: (ack) => acks.push(ack),
    onAnswered: () => {},
  }
  const told: string[] = []
  const user: ClientUser = {
    upstream: caller,
    onResponse: (_transaction, { status }) => told.push(String(status)),
    onTimeout: () => told.push('timeout'),
    onTransportError: () => told.push('transportError'),
  }
  return {
    clock,
    layer,
    account,
    held,
    sent,
    bugs,
    /** What the user of the client transaction was told. */
    told,
    servers,
    acks,
    /** A client transaction that has sent its request. */
    client: (method: string, hop: Hop) => {
      const via = `SIP/2.0/${hop.transport} 192.0.2.1:5060;branch=${branch}`
      const text = request(method, 'sip:bob@example.test', { Via: via, Route: '<sip:203.0.113.9;lr>' })
      return layer.request({ method, branch, text, hop, share: account.traffic.common }, user)
    },
    answer: (status: number) =>
      layer.receiveResponse(parseMessage(Buffer.from(responseTo(sent[0]!.text, status), 'latin1')) as SipResponse),
    receive: (method: string, hop: Hop, headers: Readonly<Record<string, string>> = {}) =>
      layer.receiveRequest(
        parseMessage(Buffer.from(request(method, 'sip:bob@example.test', headers), 'latin1')) as SipRequest,
        hop,
        serverUser,
      ),
    /** When what left after the first, in milliseconds. */
    againAtMs: () => sent.slice(1).map(({ atMs }) => atMs),
  }
}

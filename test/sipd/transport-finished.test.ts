import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import type { Transports } from '../../sipd/transport/transports.ts'
import { accountFor } from '../support/sip-account.ts'
import { freePorts } from '../support/sip-ports.ts'

import { eventually, message, type Peer, peer, sendBy, serve } from './transport-support.ts'

/** Waits for the end of a connection that another transaction had to itself: what was ended before is ended by then. */
async function otherEnded(transports: Transports, far: Peer): Promise<void> {
  const other = sendBy(transports, 'other', far.hop)
  transports.hold(other)
  assert.equal(await far.next(), 'other')
  transports.release(other, false)
  await eventually(() => far.sockets.at(-1)?.readableEnded === true)
}

test('without reuse a connection of ours ends with its last transaction, and stays as long as one is under way', () =>
  peer((far) =>
    serve(
      async ({ transports, clock }) => {
        const connection = sendBy(transports, 'one', far.hop)
        transports.hold(connection)
        transports.hold(connection)
        await far.next()
        transports.release(connection, false)
        clock.advance(180_000)
        await otherEnded(transports, far)
        assert.equal(far.sockets[0]?.readableEnded, false)
        transports.release(connection, false)
        await eventually(() => transports.connections.size === 0)
      },
      { reuses: false },
    ),
  ))

test('without reuse what a transaction of another process is under way on stays until that is over, or the process is gone', () =>
  peer((far) =>
    serve(
      async ({ transports, clock }) => {
        for (const over of [
          (connection: string) => transports.setHeldBy(7, connection, false),
          () => transports.forgetElsewhere(7),
        ]) {
          const connection = sendBy(transports, 'one', far.hop)
          transports.hold(connection)
          transports.setHeldBy(7, connection, true)
          await far.next()
          const socket = far.sockets.at(-1)
          transports.release(connection, false)
          clock.advance(180_000)
          await otherEnded(transports, far)
          assert.equal(socket?.readableEnded, false)
          over(connection)
          await eventually(() => transports.connections.size === 0)
        }
      },
      { reuses: false },
    ),
  ))

test('without reuse a connection of a dialog that goes on ends 64*T1 after its transaction (RFC 3261 §18)', () =>
  peer((far) =>
    serve(
      async ({ transports, clock }) => {
        const connection = sendBy(transports, 'one', far.hop)
        transports.hold(connection)
        await far.next()
        transports.release(connection, true)
        clock.advance(30_000)
        await otherEnded(transports, far)
        assert.equal(far.sockets[0]?.readableEnded, false)
        clock.advance(10_000)
        await eventually(() => transports.connections.size === 0)
      },
      { reuses: false },
    ),
  ))

test('without reuse the 200 answered requests of a gateway leave no connection behind', () =>
  peer((far) =>
    serve(
      async ({ transports }) => {
        for (let i = 0; i < 200; i++) {
          const connection = sendBy(transports, `request ${i}`, far.hop)
          transports.hold(connection)
          await far.next()
          transports.release(connection, false)
        }
        await eventually(() => transports.connections.size === 0)
      },
      { reuses: false, maxConnections: 10 },
    ),
  ))

test('without reuse the finished ones go first when there is no room', () =>
  peer((far) =>
    serve(
      async ({ transports, open, arrival, received }) => {
        const idle = await open()
        idle.write(message)
        await arrival(1)
        const finished = sendBy(transports, 'one', far.hop)
        await far.next()
        sendBy(transports, 'two', far.hop)
        assert.equal(transports.connections.get(finished), undefined)
        assert.equal(transports.connections.get(received[0]?.source.connection ?? '')?.isOpen, true)
      },
      { reuses: false, maxConnections: 2 },
    ),
  ))

test('at SipTcpMaxTCPConnections the idle one goes before that which carries a transaction, however long that has been silent', () =>
  serve(
    async ({ open, arrival, received, transports, clock }) => {
      const ringing = await open()
      ringing.write(message)
      await arrival(1)
      transports.hold(received[0]?.source.connection ?? '')
      clock.advance(100_000)
      const idle = await open()
      idle.write(message)
      await arrival(2)
      const late = await open()
      late.write(message)
      await arrival(3)
      assert.equal(transports.connections.size, 2)
      transports.send('answer', received[0]?.source ?? assert.fail())
      const [octets] = await once(ringing, 'data')
      assert.equal(String(octets), 'answer')
    },
    { maxConnections: 2 },
  ))

test('when all carry something a new connection is refused, and the log says so', () =>
  serve(
    async ({ open, arrival, received, transports }) => {
      for (const count of [1, 2]) {
        const one = await open()
        one.write(message)
        await arrival(count)
        transports.hold(received[count - 1]?.source.connection ?? '')
      }
      const late = await open()
      late.resume().on('end', () => late.end())
      await once(late, 'close')
      assert.equal(transports.connections.size, 2)
      const failures: string[] = []
      const port = await freePorts(1)
      const elsewhere: Hop = { transport: 'TCP', address: '127.0.0.1', port, listener: 0, connection: undefined }
      transports.send(message, elsewhere, (error) => failures.push(error.message))
      assert.match(failures.join(), /too many connections/)
    },
    { maxConnections: 2 },
  ))

test('the flow of a registered phone stays when there is no room, and its source is within its share', async () => {
  for (const [registeredOfSource, isExempt, stays] of [
    [10, true, true],
    [10, false, true],
    [1, true, true],
    [1, false, false],
  ] as const) {
    const account = accountFor(new ManualClock(), { exemptsLoopback: isExempt })
    await serve(
      async ({ open, arrival, received, transports, clock }) => {
        const phone = await open()
        phone.write(message)
        await arrival(1)
        const id = received[0]?.source.connection ?? ''
        transports.connections.get(id)?.noteUser('sip:ann@example.test')
        clock.advance(100_000)
        const idle = await open()
        idle.write(message)
        await arrival(2)
        const late = await open()
        late.write(message)
        await arrival(3)
        assert.equal(transports.connections.get(id)?.isOpen === true, stays, `${registeredOfSource} ${isExempt}`)
      },
      {
        maxConnections: 2,
        registeredOfSource,
        account,
        isReachedBy: (user) => user === 'sip:ann@example.test',
      },
    )
  }
})

test('peers of persistent_tcp.conf are connected to ahead, by name too, and again when they close; idle ones stay', () =>
  peer((far) =>
    serve(
      async ({ transports, clock }) => {
        transports.begin()
        await eventually(() => far.sockets.length === 1)
        const first = sendBy(transports, 'one', far.hop)
        assert.equal(await far.next(), 'one')
        transports.hold(first)
        transports.release(first, false)
        clock.advance(400_000)
        assert.equal(sendBy(transports, 'two', far.hop), first)
        assert.equal(far.sockets.length, 1)
        far.sockets[0]?.destroy()
        await eventually(() => transports.connections.size === 0)
        clock.advance(5000)
        await eventually(() => far.sockets.length === 2)
        // Another generation has them by then.
        transports.stopListening()
        far.sockets[1]?.resume().on('end', () => far.sockets[1]?.end())
        await eventually(() => transports.connections.size === 0)
      },
      {
        reuses: false,
        peers: [{ host: 'peer.example', port: far.hop.port }],
        lookup: async (host) => (host === 'peer.example' ? ['127.0.0.1'] : []),
      },
    ),
  ))

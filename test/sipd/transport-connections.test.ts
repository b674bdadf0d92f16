import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { createErrorLog } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { Framer } from '../../sipd/transport/framer.ts'
import { WriteQueue } from '../../sipd/transport/write-queue.ts'
import { accountFor } from '../support/sip-account.ts'
import { freePorts } from '../support/sip-ports.ts'
import { recordingLog } from './location-support.ts'

import { eventually, message, peer, serve } from './transport-support.ts'

test('an answer goes over the connection that its request came by (RFC 3261 §18.2.2)', () =>
  serve(async ({ open, arrival, received, transports }) => {
    const socket = await open()
    socket.write(message)
    await arrival(1)
    assert.equal(received[0]!.text, message)
    transports.send('answer', received[0]!.source)
    const [octets] = await once(socket, 'data')
    assert.equal(String(octets), 'answer')
  }))

test('a ping gets a pong, and is no message (RFC 5626 §3.5.1)', () =>
  serve(async ({ open, received }) => {
    const socket = await open()
    socket.write('\r\n\r\n')
    const [octets] = await once(socket, 'data')
    assert.equal(String(octets), '\r\n')
    assert.deepEqual(received, [])
  }))

test('with SipTcpReuseConnection all for one peer goes over one connection, without it each over one of its own', async () => {
  for (const [reuses, connections] of [
    [true, 1],
    [false, 2],
  ] as const)
    await peer((far) =>
      serve(
        async ({ transports }) => {
          transports.send('one', far.hop)
          assert.equal(await far.next(), 'one')
          transports.send('two', far.hop)
          assert.equal(await far.next(), 'two')
          assert.equal(far.sockets.length, connections)
        },
        { reuses },
      ),
    )
})

test('who does not listen is told of once, as a failure of what was sent (§17.1.4)', () =>
  serve(async ({ transports }) => {
    const port = await freePorts(1)
    const hop: Hop = { transport: 'TCP', address: '127.0.0.1', port, listener: 0, connection: undefined }
    const error = await new Promise<Error>((resolve) => transports.send('one', hop, resolve))
    assert.match(error.message, /ECONNREFUSED/)
    assert.equal(transports.connections.size, 0)
  }))

test('a connection of ours stays while its call may ring, and is closed when nothing comes for longer (§18)', () =>
  peer((far) =>
    serve(async ({ transports, clock }) => {
      transports.send('INVITE', far.hop)
      await far.next()
      clock.advance(195_000)
      assert.equal(transports.connections.size, 1)
      far.sockets[0]!.resume()
      const closed = once(far.sockets[0]!, 'end')
      clock.advance(10_000)
      await closed
    }),
  ))

test('who connects and says nothing is closed after a minute, whether it closes its side or not', () =>
  serve(async ({ open, clock, transports }) => {
    const socket = await open()
    socket.resume()
    while (transports.connections.size === 0) await new Promise((resolve) => setImmediate(resolve))
    const ended = once(socket, 'end')
    clock.advance(65_000)
    await ended
    // The client keeps its half open for ever.
    clock.advance(5000)
    assert.equal(transports.connections.size, 0)
  }))

test('a message that does not end in half a minute is none, and its connection ends', () =>
  serve(async ({ open, clock, transports }) => {
    const socket = await open()
    socket.write('OPTIONS sip:example.test SIP/2.0\r\n')
    const partial = (): boolean =>
      [...transports.connections.all()].some(({ partialSinceMs }) => partialSinceMs !== undefined)
    while (!partial()) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(36_000)
    assert.equal(transports.connections.size, 0)
  }))

test('what cannot be framed is answered, and its connection ends though the peer sends on and never closes (§18.3)', () =>
  serve(async ({ open, clock, transports, arrival, refused }) => {
    const socket = await open()
    socket.write(message.replace(/Content-Length.*\r\n/, ''))
    await arrival(1)
    assert.equal(refused[0]!.status, 400)
    const [octets] = await once(socket, 'data')
    assert.match(String(octets), /^SIP\/2\.0 400/)
    socket.write(message)
    clock.advance(36_000)
    assert.equal(transports.connections.size, 0)
  }))

test('a peer that does not read is cut off when a megabyte waits for it', () =>
  serve(async ({ open, arrival, received, transports }) => {
    const socket = await open()
    socket.write(message)
    await arrival(1)
    socket.pause()
    const large = 'x'.repeat(200_000)
    for (let i = 0; i < 200 && transports.connections.size > 0; i++) {
      transports.send(large, { ...received[0]!.source })
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(transports.connections.size, 0)
  }))

test('of more connections than SipTcpMaxTCPConnections the silent ones go first', () =>
  serve(
    async ({ open, arrival, transports }) => {
      const speaker = await open()
      speaker.write(message)
      await arrival(1)
      const silent = await open()
      silent.resume()
      while (transports.connections.size < 2) await new Promise((resolve) => setImmediate(resolve))
      const gone = once(silent, 'close')
      const late = await open()
      late.write(message)
      await arrival(2)
      silent.end()
      await gone
      assert.equal(transports.connections.size, 2)
      assert.equal(speaker.destroyed, false)
    },
    { maxConnections: 2 },
  ))

test('a datagram comes with where it is from, and leaves from the port that is listened on', () =>
  serve(async ({ transports, arrival, received, port }) => {
    const self: Hop = { transport: 'UDP', address: '127.0.0.1', port, listener: 0, connection: undefined }
    transports.send(`${message}\xff`, self)
    await arrival(1)
    assert.equal(received[0]!.text, `${message}\xff`)
    assert.deepEqual(received[0]!.source, self)
  }))

test('connections that another process has are known until it says that they ended, or ends itself', () =>
  serve(async ({ transports }) => {
    transports.elsewhere.set('TCP 198.51.100.1:40000', '7.1', true)
    transports.elsewhere.set('TCP 198.51.100.2:40000', '7.2', true)
    assert.equal(transports.elsewhere.isOpen('7.1'), true)
    transports.elsewhere.set('TCP 198.51.100.1:40000', '7.1', false)
    assert.equal(transports.elsewhere.isOpen('7.1'), false)
    transports.forgetElsewhere(7)
    assert.equal(transports.elsewhere.isOpen('7.2'), false)
  }))

test('DebugFlag SipTcp tells of each connection that was taken and that ended', async () => {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const { debug } = createErrorLog({ component: 'sipd', level: 'emerg', flags: new Set(['SipTcp'] as const), write })
  await serve(
    async ({ open, arrival, transports }) => {
      const socket = await open()
      socket.write(message)
      await arrival(1)
      socket.destroy()
      while (transports.connections.size > 0) await new Promise((resolve) => setImmediate(resolve))
    },
    { debug },
  )
  assert.equal(lines.length, 2)
  assert.match(lines[0]!, /sipd\.SipTcp: a connection was taken id=1\.1 far="TCP 127\.0\.0\.1:\d+"/)
  assert.match(lines[1]!, /sipd\.SipTcp: a connection ended id=1\.1 .*why=/)
})

test('half-sent messages count in the share of their source, and one that there is no room for ends its connection', async () => {
  const { log, lines } = recordingLog()
  const account = accountFor(new ManualClock(), { trafficOctets: 1_000_000, sharePercent: 25 }, log)
  await serve(
    async ({ open, transports, arrival }) => {
      const head = message.replace(/Content-Length: 0/, 'Content-Length: 200000')
      const half = head + 'x'.repeat(150_000)
      const first = await open()
      first.write(half)
      await eventually(() => account.partials.octets >= 150_000)
      const second = await open()
      second.resume()
      const closed = new Promise((resolve) => second.once('close', resolve))
      second.write(half)
      second.on('end', () => second.end())
      await closed
      assert.equal(transports.connections.size, 1)
      assert.equal(account.partials.refused, 1)
      assert.match(lines.join(''), /source=127\.0\.0\.1/)
      // The first is within its bound, and goes on.
      first.write('x'.repeat(50_000))
      await arrival(1)
      assert.equal(account.partials.octets, 0)
      first.write(half)
      await eventually(() => account.partials.octets > 0)
      first.destroy()
      await eventually(() => transports.connections.size === 0)
      assert.equal(account.traffic.octets, 0)
    },
    { account },
  )
})

test('a message that comes octet by octet takes at most twice its length, and arrives whole', async () => {
  const framer = new Framer()
  const received: string[] = []
  const text = `${message.replace('Content-Length: 0', 'Content-Length: 3000')}${'b'.repeat(3000)}`
  let most = 0
  for (const octet of Buffer.from(text + text, 'latin1')) {
    framer.push(
      Buffer.of(octet),
      (octets) => received.push(octets.toString('latin1')),
      () => {},
    )
    most = Math.max(most, framer.heldOctets)
  }
  assert.deepEqual(received, [text, text])
  assert.ok(most <= 2 * text.length, `${most} octets for ${text.length}`)
  assert.equal(framer.heldOctets, 0)
})

test('what waits for a peer that does not read counts in its share, as flat octets, and is given back when it leaves', async () => {
  const account = accountFor(new ManualClock(), { trafficOctets: 40_000_000, sharePercent: 100 })
  await serve(
    async ({ open, arrival, received, transports }) => {
      const socket = await open()
      socket.write(message)
      await arrival(1)
      socket.pause()
      while (account.queues.octets === 0 && transports.connections.size > 0) {
        transports.send('x'.repeat(100_000), received[0]!.source)
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.ok(account.queues.octets >= 1)
      socket.destroy()
      await eventually(() => transports.connections.size === 0)
      assert.equal(account.traffic.octets, 0)
    },
    { account },
  )
})

test('pings of a peer that does not read wait as a number, not as a write each, and after 4,096 it is cut off', () =>
  peer(async (far) => {
    const socket = connect({ host: far.hop.address, port: far.hop.port })
    await once(socket, 'connect')
    await eventually(() => far.sockets.length === 1)
    far.sockets[0]!.pause()
    const account = accountFor(new ManualClock())
    const queue = new WriteQueue(socket, account.queues, account.traffic.common)
    while (socket.writableLength === 0) queue.write('x'.repeat(100_000))
    const before = socket.writableLength
    let pongs = 0
    while (queue.pong()) pongs++
    assert.equal(socket.writableLength - before, 2)
    assert.ok(pongs >= 4096 && pongs < 5000, `${pongs} wait`)
    socket.destroy()
  }))

test('pings that wait get all their pongs once the peer reads', async () => {
  await serve(async ({ open }) => {
    const socket = await open()
    let octets = 0
    socket.on('data', ({ length }: Buffer) => {
      octets += length
    })
    for (let i = 0; i < 50; i++) socket.write('\r\n\r\n'.repeat(40))
    await eventually(() => octets === 2 * 50 * 40)
  })
})

test('a message to a port that is none fails for its sender alone, over a stream too', () =>
  serve(async ({ transports }) => {
    const failures: string[] = []
    const nowhere: Hop = { transport: 'TCP', address: '127.0.0.1', port: 99_999, listener: 0, connection: undefined }
    transports.send(message, nowhere, (error) => failures.push(error.message))
    assert.equal(failures.length, 1)
    transports.send(message, { ...nowhere, transport: 'UDP' })
  }))

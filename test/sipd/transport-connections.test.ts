import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Account } from '../../sipd/account/account.ts'
import { createErrorLog, type DebugLog, noDebug } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { SipStatistics } from '../../sipd/statistics/statistics.ts'
import { Framer } from '../../sipd/transport/framer.ts'
import { Transports } from '../../sipd/transport/transports.ts'
import { WriteQueue } from '../../sipd/transport/write-queue.ts'
import { accountFor } from '../support/sip-account.ts'
import { freePorts } from '../support/sip-ports.ts'
import { recordingLog } from './location-support.ts'
import { request } from './proxy-support.ts'

const message = request('OPTIONS', 'sip:example.test')

/** Waits for what events of the sockets bring about. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

interface Received {
  readonly text: string
  readonly source: Hop
}

/** Transports on a port of their own, with time by hand; all is closed when the test is over. */
async function serve(
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

interface Served {
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
async function peer(
  work: (peer: { hop: Hop; sockets: Socket[]; next: () => Promise<string> }) => Promise<void>,
): Promise<void> {
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

/** Gives the connection that the message leaves by. */
function sendBy(transports: Transports, text: string, hop: Hop): string {
  let by: string | undefined
  transports.send(text, hop, undefined, (connection) => {
    by = connection
  })
  return by ?? assert.fail('it leaves by no connection')
}

test('without reuse a connection of ours ends 32 s after its last transaction, and stays as long as one is under way, of whichever process', () =>
  peer((far) =>
    serve(
      async ({ transports, clock }) => {
        const connection = sendBy(transports, 'one', far.hop)
        transports.hold(connection)
        transports.setHeldBy(7, connection, true)
        await far.next()
        for (const socket of far.sockets) socket.resume()
        transports.release(connection)
        clock.advance(180_000)
        assert.equal(transports.connections.get(connection)?.isOpen, true)
        transports.forgetElsewhere(7)
        clock.advance(5000)
        await eventually(() => transports.connections.size === 0)
      },
      { reuses: false },
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
      assert.match(failures.join(), /SipTcpMaxTCPConnections is reached/)
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
        transports.release(first)
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

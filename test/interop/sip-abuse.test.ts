import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { usageOf } from '../../bench/sip/usage.ts'
import { isSoak, sized } from '../../bench/smoke.ts'
import { until } from '../support/appliance.ts'
import { mutate, randomFrom } from '../support/mutate.ts'
import { exchange, openTcp, openUdp, requestText, type SipClient, statusOf } from '../support/sip-client.ts'
import { type SipServer, withSipServer } from '../support/sip-under-test.ts'

const idleConnections = isSoak ? 10_000 : sized(2000, 100)
const hostileMessages = isSoak ? 100_000 : sized(5000, 100)
const growthAllowedBytes = 40e6

const options = (client: Pick<SipClient, 'transport' | 'port'>): string =>
  requestText('OPTIONS', 'sip:example.test', client, { To: '<sip:example.test>' })

/**
 * Runs the abuse; then OPTIONS is answered over UDP and TCP, and no bug was logged. In a soak it is answered within 100 ms, and memory is
 * as before.
 */
async function abused(abuse: (server: SipServer) => Promise<void>): Promise<void> {
  await withSipServer({ recordRoute: true }, async (server) => {
    const client = await openUdp(server)
    for (let i = 0; i < 1000; i++) await exchange(client, options(client)) // memory settles once the code is warm
    // V8 takes what it likes to have, the second time beside what it has not collected of the first, and gives back
    // little of it: a leak shows in the third.
    if (isSoak) for (let round = 0; round < 2; round++) await abuse(server)
    const before = usageOf(server.pid()).pssBytes
    await abuse(server)
    await assertPrompt(client)
    const overTcp = await openTcp(server)
    await assertPrompt(overTcp)
    const growth = (): number => usageOf(server.pid()).pssBytes - before
    // What was allocated for the abusers goes with the next collections.
    if (isSoak)
      await until(() => growth() < growthAllowedBytes, 10_000, `memory below ${growthAllowedBytes / 1e6} MB more`)
    assert.doesNotMatch(server.log(), /\bbug\b/)
    for (const one of [client, overTcp]) one.close()
  })
}

/** The best of three, as the machine may be busy with others. */
async function assertPrompt(client: SipClient): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const began = performance.now()
    assert.equal(statusOf(await exchange(client, options(client))), 200)
    times.push(performance.now() - began)
  }
  if (isSoak)
    assert.ok(Math.min(...times) < 100, `OPTIONS over ${client.transport} took ${times.map(Math.round).join(', ')} ms`)
}

/** Sends the start and then more and more of the same message; the server closes before it has taken 16 MB. */
async function assertCutOff(server: SipServer, start: string, more: string): Promise<void> {
  const [socket] = (await openMany(server, 1)) as [Socket]
  socket.setTimeout(5000, () => socket.destroy(new Error('nothing was read for 5 s')))
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('data', () => {})
  socket.write(start)
  let sentOctets = 0
  while (!socket.destroyed && sentOctets < 16e6) {
    sentOctets += more.length
    await new Promise((resolve) => socket.write(more, resolve))
  }
  const isCut = socket.destroyed && !failure?.message.startsWith('nothing')
  assert.ok(isCut, `${sentOctets} octets of one message were sent, and the connection still stands`)
}

async function openMany({ host, port }: SipServer, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(200, count - sockets.length) }, () => connect({ host, port }))
    for (const socket of some) socket.on('error', () => {})
    await Promise.all(some.map((socket) => once(socket, 'connect', { signal: AbortSignal.timeout(5000) })))
    for (const socket of some) socket.unref() // a test that fails is to end all the same
    sockets.push(...some)
  }
  return sockets
}

function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}

describe('what hostile and broken clients do costs others nothing', () => {
  test('two hundred connections that stop in the middle of a message', () =>
    abused(async (server) => {
      const sockets = await openMany(server, 200)
      for (const [i, socket] of sockets.entries()) {
        const text = options({ transport: 'TCP', port: socket.localPort! })
        socket.write(text.slice(0, 1 + ((i * 7) % (text.length - 1))))
      }
      const client = await openUdp(server)
      await assertPrompt(client)
      client.close()
      closeAll(sockets)
    }))

  test('twenty slow senders, an octet at a time, get their answers while others get theirs at once', () =>
    abused(async (server) => {
      const slow = await Promise.all(Array.from({ length: 20 }, () => openTcp(server)))
      const texts = slow.map(options)
      const other = await openTcp(server)
      const longest = Math.max(...texts.map((text) => text.length))
      for (let i = 0; i < longest; i++) {
        for (const [n, client] of slow.entries()) if (i < texts[n]!.length) client.send(texts[n]![i]!)
        if (i % 50 === 0) await assertPrompt(other)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      for (const client of slow) {
        assert.equal(statusOf(await client.receive(() => true)), 200)
        client.close()
      }
      other.close()
    }))

  test(`${idleConnections.toLocaleString('en')} idle TCP connections`, () =>
    abused(async (server) => {
      const idle = await openMany(server, idleConnections)
      for (const client of [await openTcp(server), await openUdp(server)]) {
        await assertPrompt(client)
        client.close()
      }
      closeAll(idle)
    }))

  const wide = requestText('OPTIONS', 'sip:example.test', { transport: 'TCP', port: 1 })
  const headless = wide.slice(0, wide.indexOf('Content-Length'))
  const endlessHeader = 'X-Filler: '.padEnd(64 * 1024, 'x')

  test('a header without end is cut off', () => abused((server) => assertCutOff(server, headless, endlessHeader)))

  test('a body longer than any is cut off', () =>
    abused((server) => assertCutOff(server, `${headless}Content-Length: 4000000000\r\n\r\n`, 'x'.repeat(64 * 1024))))

  test(`${hostileMessages.toLocaleString('en')} messages of garbage and mutation over UDP`, () =>
    abused(async (server) => {
      const random = randomFrom(21)
      const client = await openUdp(server)
      for (let i = 0; i < hostileMessages; i++) {
        client.send(hostileMessage(client, random))
        if (i % 100 === 99) await assertPrompt(client)
      }
      client.close()
    }))

  test(`${hostileMessages.toLocaleString('en')} messages of garbage and mutation over TCP, ten in a connection`, () =>
    abused(async (server) => {
      const random = randomFrom(22)
      const control = await openTcp(server)
      for (let sent = 0; sent < hostileMessages; sent += 200) {
        const sockets = await openMany(server, 20)
        for (const socket of sockets) {
          socket.on('data', () => {})
          for (let i = 0; i < 10; i++)
            socket.write(hostileMessage({ transport: 'TCP', port: socket.localPort! }, random))
          socket.end()
        }
        await assertPrompt(control)
        closeAll(sockets)
      }
      control.close()
    }))
})

/**
 * A message with anything broken but the target: a mutated Request-URI or Route would have the proxy send, as it should,
 * to machines that have nothing to do with this test. Callee and registered user differ for the same reason.
 */
function hostileMessage(client: Pick<SipClient, 'transport' | 'port'>, random: () => number): Uint8Array {
  if (random() < 0.1) return Uint8Array.from({ length: Math.floor(random() * 1400) }, () => Math.floor(random() * 256))
  const method = ['INVITE', 'REGISTER', 'OPTIONS', 'ACK', 'CANCEL', 'BYE', 'MESSAGE'][Math.floor(random() * 7)]!
  const isRegister = method === 'REGISTER'
  const body = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n'
  const text = requestText(
    method,
    isRegister ? 'sip:example.test' : 'sip:nobody@example.test',
    client,
    {
      To: '<sip:mutant@example.test>',
      Contact: '"Mutant, the" <sip:mutant@127.0.0.1:9;transport=udp>;q=0.5;expires=120',
      Expires: '120',
      Supported: 'path, outbound',
    },
    isRegister ? '' : body,
  )
  const firstLineEnd = text.indexOf('\r\n') + 2
  const firstLine = text.slice(0, firstLineEnd)
  const start =
    random() < 0.8
      ? firstLine
      : ['SIP/2.0 200 OK\r\n', 'SIP/2.0 999\r\n', 'GET / HTTP/1.1\r\n', '\0\r\n'][Math.floor(random() * 4)]!
  return Buffer.concat([Buffer.from(start), mutate(Buffer.from(text.slice(firstLineEnd)), random)])
}

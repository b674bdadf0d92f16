import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer as createTlsServer, type Server } from 'node:tls'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { NoResponseError, ping, type TlsTarget } from '../../sipd/control/ping/exchange.ts'
import { H } from '../../sipd/message/header-names.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { formatResponse } from '../../sipd/message/respond.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'

const hopOf = (transport: Hop['transport'], address: string, port: number): Hop => ({
  transport,
  address,
  port,
  listener: 0,
  connection: undefined,
})

type Answer = (status: number, change?: (text: string) => string) => void

/** A server on UDP that does as a test says with every request. */
async function udpServer(onRequest: (answer: Answer, count: number, text: string) => void) {
  const socket = createSocket('udp4')
  let count = 0
  socket.on('message', (octets: Buffer, { address, port }: RemoteInfo) => {
    const request = parseMessage(octets)
    assert.equal(request?.kind, 'request', 'what ping sends is of the grammar')
    if (request?.kind !== 'request') return
    const answer: Answer = (status, change = (text) => text) => {
      const text = formatResponse(request, request.via, hopOf('UDP', address, port), 'tag', status, 'Words')
      socket.send(Buffer.from(change(text), 'latin1'), port, address)
    }
    onRequest(answer, ++count, octets.toString('latin1'))
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  return {
    port,
    target: { uri: `sip:127.0.0.1:${port}`, transport: 'UDP', address: '127.0.0.1', port } as const,
    count: () => count,
    close: () => socket.close(),
  }
}

describe('sip ping over TLS', needs('openssl'), () => {
  let certificates: Certificates
  let server: Server
  let port = 0
  const fingerprint = () => new X509Certificate(readFileSync(certificates.server.certificate)).fingerprint256

  before(async () => {
    certificates = makeCertificates()
    const { certificate, key } = certificates.server
    server = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (octets: Buffer) => {
        const request = parseMessage(octets)
        assert.equal(request?.kind, 'request', 'what ping sends is of the grammar')
        if (request?.kind !== 'request') return
        assert.equal(request.via.transport, 'TLS')
        socket.write(formatResponse(request, request.via, hopOf('TLS', '127.0.0.1', port), 'tag', 200, 'OK'))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(async () => {
    server.close()
    await rm(certificates.folder, { recursive: true, force: true })
  })

  const target = (tls: Omit<TlsTarget, 'host'>, host = 'example.test') =>
    ({ uri: `sips:${host}:${port}`, transport: 'TLS', address: '127.0.0.1', port, tls: { host, ...tls } }) as const

  test('takes a certificate for the host of the URI, of an authority that it was given', async () => {
    const authorities = readFileSync(certificates.authority)
    assert.equal((await ping(target({ authorities }), 5000, systemClock)).status, 200)
    await assert.rejects(ping(target({ authorities }, 'other.test'), 5000, systemClock), NoResponseError)
    await assert.rejects(ping(target({}), 5000, systemClock), /certificate/)
  })

  test('takes the certificate with the fingerprint that it was given, and no other', async () => {
    assert.equal((await ping(target({ fingerprint: fingerprint() }, '127.0.0.1'), 5000, systemClock)).status, 200)
    const other = fingerprint().replace(/../, (first) => (first === '00' ? '01' : '00'))
    await assert.rejects(ping(target({ fingerprint: other }), 5000, systemClock), /fingerprint/)
  })

  test('the command asks by TLS for a sips: URI, transport=tls and --tls, with what it is told to trust', async () => {
    for (const words of [
      ['--uri', `sips:127.0.0.1:${port}`],
      ['--uri', `sip:127.0.0.1:${port};transport=tls`],
      ['--tls', '--uri', `sip:127.0.0.1:${port}`],
    ]) {
      const good = await runBin('sip', ['ping', ...words, '--fingerprint', fingerprint()])
      assert.match(good.out, /^SIP\/2\.0 200 OK\ntls 127\.0\.0\.1:/, good.err)
    }
    const untrusted = await runBin('sip', ['ping', '--tls', '--uri', `sip:127.0.0.1:${port}`])
    assert.deepEqual([untrusted.code, /certificate/.test(untrusted.err)], [3, true], untrusted.err)
    for (const words of [
      ['--tls', '--tcp'],
      ['--fingerprint', 'short'],
      ['--uri', 'sips:127.0.0.1', '--tcp'],
    ])
      assert.equal((await runBin('sip', ['ping', ...words])).code, 2, words.join(' '))
  })
})

describe('sip ping over UDP', () => {
  test('takes the final response to its own request, and nothing else for it', async () => {
    const server = await udpServer((answer) => {
      answer(100)
      answer(200, (text) => text.replace(/branch=z9hG4bK\w/, 'branch=z9hG4bKx'))
      answer(200, (text) => text.replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'))
      answer(200, () => 'garbage')
      answer(404)
    })
    const { status, reason, retransmissions } = await ping(server.target, 5000, systemClock)
    assert.deepEqual({ status, reason, retransmissions }, { status: 404, reason: 'Words', retransmissions: 0 })
    server.close()
  })

  test('retransmits at 500 ms, doubling to 4 s (RFC 3261 §17.1.2.2, timer E), until its time is over', async () => {
    const clock = new ManualClock()
    const server = await udpServer(() => {})
    const answer = ping(server.target, 16_000, clock)
    const failed = assert.rejects(answer, (error) => {
      return error instanceof NoResponseError && /no final response within 16 s/.test(error.message)
    })
    await until(() => server.count() === 1, 2000)
    for (const [elapsedMs, expected] of [
      [499, 1],
      [1, 2],
      [999, 2],
      [1, 3],
      [2000, 4],
      [4000, 5],
      [4000, 6],
      [3999, 6],
    ] as const) {
      clock.advance(elapsedMs)
      await until(() => server.count() >= expected, 2000)
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(server.count(), expected, `${clock.monotonicMs()} ms`)
    }
    clock.advance(1000)
    await failed
    server.close()
  })

  test('retransmits every 4 s once a provisional response came', async () => {
    const clock = new ManualClock()
    let isAnswered = false
    const server = await udpServer((answer, count) => {
      if (count === 1) answer(100)
      if (count === 3) answer(200)
      isAnswered = true
    })
    const answer = ping(server.target, 32_000, clock)
    await until(() => isAnswered, 2000)
    await new Promise((resolve) => setTimeout(resolve, 50)) // the 100 is on its way back
    clock.advance(500)
    await until(() => server.count() === 2, 2000)
    clock.advance(3999)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(server.count(), 2)
    clock.advance(1)
    assert.deepEqual(await answer, { status: 200, reason: 'Words', roundTripMs: 4500, retransmissions: 2 })
    server.close()
  })

  test('is told at once when nobody listens', async () => {
    const server = await udpServer(() => {})
    server.close()
    await assert.rejects(ping(server.target, 5000, systemClock), /udp 127\.0\.0\.1:\d+: nobody listens/)
  })
})

describe('sip ping over TCP', () => {
  const target = (port: number) => ({ uri: 'sip:a@127.0.0.1', transport: 'TCP', address: '127.0.0.1', port }) as const

  test('reads a response in pieces, after others and blank lines, without retransmitting', async () => {
    const clock = new ManualClock()
    let requests = 0
    const server = createServer((connection) => {
      connection.on('error', () => {})
      connection.on('data', async (octets: Buffer) => {
        const request = parseMessage(octets)
        if (request?.kind !== 'request') return
        requests++
        assert.match(request.value(H.via) ?? '', /^SIP\/2\.0\/TCP 127\.0\.0\.1:\d+;rport;branch=z9hG4bK/)
        const source = hopOf('TCP', '127.0.0.1', 9)
        clock.advance(2000)
        const trying = formatResponse(request, request.via, source, 'tag', 100, 'Trying')
        const final = formatResponse(request, request.via, source, 'tag', 200, 'OK').replace(
          'Content-Length: 0',
          'l: 4',
        )
        const whole = `\r\n\r\n${trying}${final}body`
        for (let i = 0; i < whole.length; i += 100) {
          connection.write(whole.slice(i, i + 100))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { status, retransmissions } = await ping(target(port), 5000, clock)
    assert.deepEqual([status, retransmissions, requests], [200, 0, 1])
    server.close()
  })

  test('fails when nobody listens, when the connection ends, and when what comes is no SIP', async () => {
    const server = createServer((connection) => {
      connection.on('error', () => {})
      connection.once('data', () => connection.end())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await assert.rejects(ping(target(port), 5000, systemClock), /tcp 127\.0\.0\.1:\d+: the connection was closed/)
    server.close()
    await once(server, 'close')
    await assert.rejects(ping(target(port), 5000, systemClock), /nobody listens/)
    const flood = createServer((connection) => {
      connection.on('error', () => {})
      connection.write('x'.repeat(200_000))
    })
    flood.listen(port, '127.0.0.1')
    await once(flood, 'listening')
    await assert.rejects(ping(target(port), 5000, systemClock), /what comes back is no SIP/)
    flood.close()
  })
})

describe('bin/sip ping', () => {
  let at: TestHome
  before(async () => {
    at = await makeHome()
  })
  after(() => rm(at.home.root, { recursive: true, force: true }))

  test('asks the first Listen of sipd.conf, and prints the status line and the round trip', async () => {
    const home = ['--home', at.home.root]
    const silent = await runBin('sip', ['ping', ...home])
    assert.equal(silent.code, 3)
    assert.match(silent.err, new RegExp(`udp 127\\.0\\.0\\.1:${at.sipPort}: nobody listens`))
    assert.equal((await runBin('sip', ['start', ...home])).code, 0)
    try {
      const { code, out } = await runBin('sip', ['ping', ...home])
      assert.match(out, new RegExp(`^SIP/2\\.0 200 OK\nudp 127\\.0\\.0\\.1:${at.sipPort} in [\\d.]+ ms\n$`))
      assert.equal(code, 0)
    } finally {
      await runBin('sip', ['stop', ...home])
    }
  })

  test('a final response that is none of success gives 1, silence 3, what is no sip URI 2', async () => {
    const server = await udpServer((answer, count) => {
      if (count > 1) return
      answer(503, (text) => text.replace('Words', 'Go\u009b2Jaway'))
    })
    const uri = `sip:bob@127.0.0.1:${server.port};user=phone?subject=x`
    const refused = await runBin('sip', ['ping', '--uri', uri])
    assert.deepEqual([refused.code, refused.out.split('\n')[0]], [1, 'SIP/2.0 503 Go\\x9b2Jaway'])
    const silent = await runBin('sip', ['ping', '--uri', uri, '--timeout', '0.2', '--json'])
    assert.equal(silent.code, 3)
    for (const wrong of ['bob', 'sip:a@127.0.0.1\r\nX: y', 'sips:127.0.0.1;transport=udp'])
      assert.equal((await runBin('sip', ['ping', '--uri', wrong])).code, 2, wrong)
    server.close()
  })

  test('--json has what a program wants to know', async () => {
    const server = await udpServer((answer) => answer(200))
    const { out } = await runBin('sip', ['ping', '--json', '--uri', `sip:127.0.0.1:${server.port}`])
    const { roundTripMs, ...rest } = JSON.parse(out) as Record<string, unknown>
    assert.ok(typeof roundTripMs === 'number' && roundTripMs > 0)
    assert.deepEqual(rest, {
      uri: `sip:127.0.0.1:${server.port}`,
      transport: 'udp',
      address: '127.0.0.1',
      port: server.port,
      status: 200,
      reason: 'Words',
      retransmissions: 0,
    })
    server.close()
  })
})

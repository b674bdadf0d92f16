import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { silentLog } from '../../lib/log/log.ts'
import { FaultGuard } from '../../lib/process/fault-guard.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { noDebug } from '../../sipd/log/error-log.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { SipStatistics } from '../../sipd/statistics/statistics.ts'
import { tlsIdentity } from '../../sipd/transport/tls.ts'
import { Transports } from '../../sipd/transport/transports.ts'
import { needs } from '../support/peers.ts'
import { accountFor } from '../support/sip-account.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'
import { freePorts } from '../support/sip-ports.ts'

describe('certificates that name their domain by a sip: URI alone (RFC 5922 §7.1)', needs('openssl'), () => {
  let made: Certificates
  let transports: Transports
  let tlsPort: number
  const read = (path: string): Buffer => readFileSync(path)
  const identity = () => ({
    cert: read(made.uriOnly.certificate),
    key: read(made.uriOnly.key),
    ca: read(made.authority),
  })

  before(async () => {
    made = makeCertificates()
    const clock = new ManualClock()
    const port = await freePorts(2)
    tlsPort = port + 1
    transports = new Transports({
      listeners: [{ address: '127.0.0.1', port, tlsPort }],
      tls: tlsIdentity({
        certificate: read(made.server.certificate),
        key: read(made.server.key),
        authorities: read(made.authority),
        isMutual: true,
        sessionTimeoutSeconds: 300,
      }),
      worker: 1,
      maxConnections: 100,
      registeredOfSource: 100,
      isReachedBy: () => false,
      outboundIdleMs: 200_000,
      connectTimeoutMs: 10_000,
      reusesConnections: false,
      typeOfService: 0x60,
      peers: [],
      lookup: async () => [],
      clock,
      log: silentLog,
      faults: new FaultGuard(clock, silentLog),
      debug: noDebug,
      statistics: new SipStatistics(clock),
      account: accountFor(clock),
      onMessage: () => {},
      onFramingError: () => {},
    })
    await transports.start()
  })
  after(() => {
    transports.stop()
    rmSync(made.folder, { recursive: true, force: true })
  })

  const hopTo = (port: number, domain: string): Hop => ({
    transport: 'TLS',
    address: '127.0.0.1',
    port,
    listener: 0,
    connection: undefined,
    domain,
  })

  test('a next hop that shows one is sent to for that domain, and for no other', async () => {
    const server = createServer(identity())
    server.on('tlsClientError', () => {})
    server.listen({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : assert.fail('it listens')
    const accepted = once(server, 'secureConnection')
    transports.send('MESSAGE one', hopTo(port, 'uri.example.test'))
    const [socket] = (await accepted) as [TLSSocket]
    const [octets] = await once(socket, 'data')
    assert.equal(String(octets), 'MESSAGE one')
    const error = await new Promise<Error>((resolve) => transports.send('two', hopTo(port, 'other.test'), resolve))
    assert.match(error.message, /altnames|does not match/i)
    socket.destroy()
    server.close()
  })

  test('who connects with one is sent to over that connection for that domain, and for no other', async () => {
    const peer = connect({ host: '127.0.0.1', port: tlsPort, servername: 'example.test', ...identity() })
    await once(peer, 'secureConnect')
    while (![...transports.connections.all()].some(({ hop }) => hop.port === peer.localPort))
      await new Promise((resolve) => setImmediate(resolve))
    const port = peer.localPort ?? assert.fail('it has a port')
    const data = once(peer, 'data')
    transports.send('MESSAGE one', hopTo(port, 'uri.example.test'))
    assert.equal(String((await data)[0]), 'MESSAGE one')
    const error = await new Promise<Error>((resolve) => transports.send('two', hopTo(port, 'other.test'), resolve))
    assert.match(error.message, /ECONNREFUSED/)
    peer.destroy()
  })
})

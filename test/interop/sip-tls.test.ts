import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { runBin } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'
import {
  exchange,
  header,
  openTls,
  openUdp,
  register,
  requestText,
  type SipClient,
  statusOf,
} from '../support/sip-client.ts'
import { freePorts } from '../support/sip-ports.ts'
import { type SipServer, withSipServer } from '../support/sip-under-test.ts'
import { startSipp } from '../support/sipp.ts'

let made: Certificates

function connect(server: SipServer, more: ConnectionOptions = {}): Promise<SipClient> {
  return openTls({ host: server.host, port: server.tlsPort }, { ca: readFileSync(made.authority), ...more })
}

const options = (mutual: boolean) => ({
  recordRoute: true,
  tls: { ...made.server, authority: made.authority, mutual },
})

const ping = (client: SipClient): Promise<string> =>
  exchange(client, requestText('OPTIONS', 'sip:example.test', client))

const identity = (): ConnectionOptions => ({
  cert: readFileSync(made.client.certificate),
  key: readFileSync(made.client.key),
})

describe('TLS', needs('openssl', 'sipp'), () => {
  before(() => {
    made = makeCertificates()
  })
  after(() => rm(made.folder, { recursive: true, force: true }))

  test('a client that trusts the authority finds example.test behind the port, and is answered', () =>
    withSipServer(options(false), async (server) => {
      const client = await connect(server)
      assert.equal(statusOf(await ping(client)), 200)
      client.close()
    }))

  test('sip ping --tls knows our own sipd by its certificate, and no other', () =>
    withSipServer(options(false), async (server) => {
      const own = await runBin('sip', ['ping', '--tls', '--home', server.home ?? assert.fail('it has a home')])
      assert.match(own.out, new RegExp(`^SIP/2\\.0 200 OK\\ntls 127\\.0\\.0\\.1:${server.tlsPort} `), own.err)
      const other = await runBin('sip', [
        'ping',
        '--tls',
        '--home',
        server.home ?? assert.fail('it has a home'),
        '--fingerprint',
        '00'.repeat(32),
      ])
      assert.deepEqual([other.code, /fingerprint/.test(other.err)], [3, true], other.err)
    }))

  test('TLS 1.1 is refused', () =>
    withSipServer(options(false), async (server) => {
      await assert.rejects(
        connect(server, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
      )
      assert.equal(statusOf(await ping(await connect(server))), 200)
    }))

  test('a caller over TLS reaches a callee over UDP, and the whole call goes through the proxy', () =>
    withSipServer(options(false), async (server) => {
      const port = await freePorts(1)
      const callee = await startSipp({ scenario: 'uas-routed', port })
      await register(server, { user: 'bob', contact: `sip:bob@127.0.0.1:${port}` })
      const caller = await connect(server)
      const contact = `<sip:ann@127.0.0.1:${caller.port};transport=tls>`
      const callId = `tls-${caller.port}`
      const invite = requestText('INVITE', 'sip:bob@example.test', caller, { Contact: contact, 'Call-ID': callId })
      const answer = await exchange(caller, invite)
      assert.equal(statusOf(answer), 200, answer)
      const inDialog = (method: string, cseq: number): string =>
        requestText(method, /<([^>]*)>/.exec(header(answer, 'Contact')!)![1]!, caller, {
          Route: routeSet(answer),
          To: header(answer, 'To')!,
          'Call-ID': callId,
          CSeq: `${cseq} ${method}`,
        })
      caller.send(inDialog('ACK', 1))
      assert.equal(statusOf(await exchange(caller, inDialog('BYE', 2))), 200)
      await callee.succeeded()
      caller.close()
    }))

  test('a callee who registered over TLS is called over that connection', () =>
    withSipServer(options(false), async (server) => {
      const callee = await connect(server)
      const address = '<sip:bob@example.test>'
      const contact = `<sip:bob@127.0.0.1:${callee.port};transport=tls>`
      const headers = { From: `${address};tag=b`, To: address, Contact: contact }
      assert.equal(statusOf(await exchange(callee, requestText('REGISTER', 'sip:example.test', callee, headers))), 200)
      const caller = await openUdp(server)
      caller.send(requestText('MESSAGE', 'sip:bob@example.test', caller))
      const arrived = await callee.receive((message) => message.startsWith('MESSAGE'))
      assert.match(header(arrived, 'Via')!, /^SIP\/2\.0\/TLS /)
      for (const client of [caller, callee]) client.close()
    }))

  test('mutual TLS refuses a client without a certificate, and answers one whose certificate the authority signed', () =>
    withSipServer(options(true), async (server) => {
      // With TLS 1.3 the client's handshake is over before the server has looked for a certificate.
      await assert.rejects(async () => {
        const stranger = await connect(server)
        await ping(stranger)
      }, /certificate|closed|over|reset|hang up|EPIPE/i)
      const known = await connect(server, identity())
      assert.equal(statusOf(await ping(known)), 200)
      known.close()
    }))
})

/** RFC 3261 §12.1.2: the caller's route set is the Record-Route of the answer in reverse. */
function routeSet(response: string): string {
  const routes = response
    .split('\r\n')
    .filter((line) => /^Record-Route:/i.test(line))
    .flatMap((line) => line.slice(line.indexOf(':') + 1).split(','))
  assert.ok(routes.length > 0, `no Record-Route in\n${response}`)
  return routes
    .map((route) => route.trim())
    .reverse()
    .join(', ')
}

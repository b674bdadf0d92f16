/** What strangers make a real sipd hold, at the sizes that filled its memory once. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'
import { exchange, header, openTcp, openUdp, requestText, type SipClient, statusOf } from '../support/sip-client.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'

const attacker = '127.0.0.5'
const phone = '127.0.0.6'
/** Written, so that addresses of this machine have shares too. */
const shares = ['SourceSharePercent 25']

async function sendAll(client: SipClient, texts: readonly string[]): Promise<void> {
  for (const [i, text] of texts.entries()) {
    client.send(text)
    // A little at a time, so that what the kernel drops is not what is refused.
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const options = (client: SipClient): string => requestText('OPTIONS', 'sip:example.test', client)
const linesAbout = (server: SipServer, pattern: RegExp): string[] =>
  server
    .log()
    .split('\n')
    .filter((line) => pattern.test(line))

describe('memory that strangers fill', ofSipdAlone, () => {
  test('hundreds of INVITEs of 60 KB are refused at the share of their source, which is named once; others call on', () =>
    withSipServer({ more: [...shares, 'MaxOctets 16000000', 'FloodThreshold 0'] }, async (server) => {
      const fat = await openUdp(server, attacker)
      const other = await openUdp(server, phone)
      const callee = await openUdp(server, phone)
      const bob = { To: '<sip:bob@example.test>', Contact: `<sip:bob@${phone}:${callee.port}>`, Expires: '600' }
      assert.equal(statusOf(await exchange(callee, requestText('REGISTER', 'sip:example.test', callee, bob))), 200)
      const body = 'x'.repeat(60_000)
      const texts = Array.from({ length: 600 }, () => requestText('INVITE', 'sip:bob@example.test', fat, {}, body))
      await sendAll(fat, texts)
      const refusal = await fat.receive((message) => message.startsWith('SIP/2.0 503'))
      assert.equal(header(refusal, 'Retry-After'), '60')
      const call = requestText('INVITE', 'sip:bob@example.test', other)
      other.send(call)
      await callee.receive((message) => message.includes(header(call, 'Call-ID')!))
      assert.equal(linesAbout(server, /holds its whole share of memory/).length, 1)
      assert.match(linesAbout(server, /holds its whole share/)[0]!, /source=127\.0\.0\.5 .*bound=4000000/)
      for (const client of [fat, other, callee]) client.close()
    }))

  test('REGISTERs with ten contacts and a Call-ID of 31 KB leave nothing, and with short ones their share', () =>
    withSipServer({ more: [...shares, 'RegistrarMaxOctets 1000000', 'FloodThreshold 0'] }, async (server) => {
      const fat = await openUdp(server, attacker)
      const contacts = Array.from({ length: 10 }, (_, i) => `<sip:c${i}@192.0.2.1>`).join(', ')
      const register = (client: SipClient, user: number, callId: string): string =>
        requestText('REGISTER', 'sip:example.test', client, {
          To: `<sip:u${user}@example.test>`,
          Contact: contacts,
          'Call-ID': callId,
        })
      const long = await exchange(fat, register(fat, 0, 'c'.repeat(31_000)))
      assert.equal(statusOf(long), 400)
      const statuses = new Map<number, number>()
      for (let i = 0; i < 100; i++) {
        const status = statusOf(await exchange(fat, register(fat, i, `c${i}`)))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
      // A quarter of 1 MB, at 4 kB each.
      assert.ok(statuses.get(200)! > 40 && statuses.get(200)! < 70, JSON.stringify([...statuses]))
      assert.equal(statuses.get(200)! + statuses.get(503)!, 100)
      assert.equal(linesAbout(server, /source=127\.0\.0\.5.*RegistrarMaxOctets/).length, 1)
      const other = await openUdp(server, phone)
      assert.equal(statusOf(await exchange(other, register(other, 1000, 'other'))), 200)
      for (const client of [fat, other]) client.close()
    }))

  test('200 half-sent messages over TCP are within the share of their source, and others speak TCP meanwhile', () =>
    withSipServer({ more: [...shares, 'MaxOctets 16000000'] }, async (server) => {
      const half = `${requestText('OPTIONS', 'sip:example.test', { transport: 'TCP', port: 1 }).replace(/Content-Length: 0/, 'Content-Length: 262000')}${'x'.repeat(200_000)}`
      const sockets: Socket[] = []
      let closed = 0
      for (let i = 0; i < 200; i++) {
        const socket = connect({ host: server.host, port: server.port, localAddress: attacker })
        socket.on('error', () => {})
        socket.on('close', () => closed++)
        socket.write(half)
        socket.resume()
        sockets.push(socket)
      }
      await until(() => closed >= 180, 20_000, 'the end of those that there is no room for')
      const other = await openTcp(server)
      assert.equal(statusOf(await exchange(other, options(other))), 200)
      assert.equal(linesAbout(server, /source=127\.0\.0\.5/).length, 1)
      for (const socket of sockets) socket.destroy()
      other.close()
    }))
})

/** The worker that the process of sipd.pid has. */
function workerOf(server: SipServer): number {
  const found = visibleProcesses().find(({ parentPid, command }) => parentPid === server.pid() && command.length > 1)
  return found?.pid ?? assert.fail('sipd has a worker')
}

const socketsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

describe('connections that strangers open', { ...ofSipdAlone, ...needs('openssl') }, () => {
  let made: Certificates
  before(() => {
    made = makeCertificates()
  })
  after(() => rm(made.folder, { recursive: true, force: true }))

  test('TLS handshakes that nobody goes on with count as connections of their source', () =>
    withSipServer(
      { tls: { ...made.server, authority: made.authority, mutual: false }, more: ['SipTcpMaxTCPConnections 10'] },
      async (server) => {
        const worker = workerOf(server)
        const atRest = socketsOf(worker)
        const silent = Array.from({ length: 40 }, () => {
          const socket = connect({ host: server.host, port: server.tlsPort, localAddress: attacker })
          socket.on('error', () => {})
          socket.resume()
          return socket
        })
        let closed = 0
        for (const socket of silent) socket.on('close', () => closed++)
        await until(() => closed >= 30, 5000, 'the end of the oldest')
        await until(() => socketsOf(worker) - atRest <= 10, 5000, 'the descriptors of those that were closed')
        const other = await openTcp(server)
        assert.equal(statusOf(await exchange(other, options(other))), 200)
        for (const socket of silent) socket.destroy()
        other.close()
      },
    ))
})

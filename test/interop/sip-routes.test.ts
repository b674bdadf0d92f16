import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runBin, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { call, startCallee } from '../support/sip-call.ts'
import { exchange, openUdp, requestText, statusOf } from '../support/sip-client.ts'
import { startKamailio } from '../support/sip-kamailio.ts'
import { freePorts } from '../support/sip-ports.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'
import { startSipd } from '../support/sipd.ts'
import { startSipp } from '../support/sipp.ts'

/** Of two workers one may have the ACK and the other the BYE, which must not come first. */
const ackBeforeByeMs = 4000
const lessSpecific = 'Cisco_Routing_Global_Less_Specific_Route_Search On'

async function routes({ home = '' }: SipServer, ...args: string[]): Promise<string> {
  const { code, out, err } = await runBin('castellan', ['routes', ...args, '--home', home])
  assert.equal(code, 0, err)
  return out
}

describe('static routes', { ...needs('sipp', '/usr/sbin/kamailio'), ...ofSipdAlone }, () => {
  test('calls go to the gateway of the longest match, and on to a less specific one when that refuses', () =>
    withSipServer({ recordRoute: true, more: [lessSpecific] }, async (server) => {
      const [first, second] = [await freePorts(1), await freePorts(1)]
      await routes(server, 'add', '+1408555....', '127.0.0.1', '--port', `${first}`)
      await routes(server, 'add', '+1408*', '127.0.0.1', '--port', `${second}`)
      await inForce(server)
      const refusing = await startSipp({ scenario: 'uas-refuse', port: first, fill: { STATUS: '503', HEADERS: '' } })
      const gateway = await startSipp({ scenario: 'uas-answer', port: second })
      await call(server, { scenario: 'uac-call', user: '+14085550122' })
      await Promise.all([refusing.succeeded(), gateway.succeeded()])
    }))

  for (const [name, start] of [
    ['a second sipd', startSipd],
    ['Kamailio', startKamailio],
  ] as const)
    test(`calls to numbers of another site go to ${name}, whose phones answer`, () =>
      withSipServer({ recordRoute: true }, async (server) => {
        const other = await start({ recordRoute: true })
        try {
          const [host, port] = other.address.split(':')
          await routes(server, 'add', '+1919*', host ?? '', '--port', port ?? '', '--transport', 'UDP')
          const callee = await startCallee(other, { scenario: 'uas-answer', user: '+19193922001' })
          await inForce(server)
          await call(server, { scenario: 'uac-call', user: '+19193922001', pauseMs: ackBeforeByeMs })
          await callee.succeeded()
        } finally {
          await other.stop()
        }
      }))

  test('a change is in force in every worker soon, and calls that go on meanwhile lose nothing', () =>
    withSipServer({ recordRoute: true, workers: 2 }, async (server) => {
      const port = await freePorts(1)
      await routes(server, 'add', '+1408*', '127.0.0.1', '--port', `${port}`)
      await inForce(server)
      const many = { calls: 60, timeoutSeconds: 60 }
      const gateway = await startSipp({ scenario: 'uas-answer', port, ...many })
      const caller = { scenario: 'uac-call', user: '+14085550122', callsPerSecond: 30, pauseMs: ackBeforeByeMs }
      const calls = call(server, { ...caller, ...many })
      const blocked = 'sip:1900123@example.test'
      assert.deepEqual(await statusesFor(server, blocked), [404])
      await routes(server, 'add', '1900*', '--block')
      await until(async () => isRefused(await statusesFor(server, blocked)), 15_000, 'the block')
      await Promise.all([calls, gateway.succeeded()])
    }))
})

/** Until every worker has the routes as they are by now: a pattern of the test's own blocks from then on. */
async function inForce(server: SipServer): Promise<void> {
  await routes(server, 'add', '99999', '--block')
  await until(
    async () => isRefused(await statusesFor(server, 'sip:99999@example.test')),
    15_000,
    'the routes in every worker',
  )
}

function isRefused(statuses: readonly number[]): boolean {
  return statuses.length === 1 && statuses[0] === 403
}

/** What requests of several sockets are answered with, each status once: whose worker a request is depends on where it comes from. */
async function statusesFor(server: SipServer, uri: string): Promise<number[]> {
  const ask = async (): Promise<number> => {
    const client = await openUdp(server)
    try {
      return statusOf(await exchange(client, requestText('OPTIONS', uri, client)))
    } finally {
      client.close()
    }
  }
  return [...new Set(await Promise.all(Array.from({ length: 12 }, ask)))]
}

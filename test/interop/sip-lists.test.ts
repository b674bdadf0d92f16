/** `sip registrations` and `sip calls` show what a real sipd has while real phones register and call. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RunResult, runBin, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { startCallee, startCaller } from '../support/sip-call.ts'
import { register } from '../support/sip-client.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'

const routed = { recordRoute: true, workers: 2 }
const list = (server: SipServer, ...words: string[]): Promise<RunResult> =>
  runBin('sip', [...words, '--home', server.home!])

async function statesOf(server: SipServer): Promise<string[]> {
  const { out } = await list(server, 'calls', '--json')
  const lines = out.split('\n').filter((line) => line !== '')
  return lines.map((line) => (JSON.parse(line) as { state: string }).state).sort()
}

describe('lists for an operator', { ...needs('sipp'), ...ofSipdAlone }, () => {
  test('sip registrations lists users with their contacts, or the one that is asked for', () =>
    withSipServer(routed, async (server) => {
      await register(server, { user: 'ann', contact: 'sip:ann@127.0.0.1:7001' })
      await register(server, { user: 'bob', contact: 'sip:bob@127.0.0.1:7002', q: '0.3' })
      const { code, out, err } = await list(server, 'registrations')
      assert.deepEqual([code, err], [0, ''])
      assert.match(out, /^sip:ann@example\.test\n {2}sip:ann@127\.0\.0\.1:7001\n {4}expires in (10:00|9:\d\d)\n/m)
      assert.match(out, /^ {2}sip:bob@127\.0\.0\.1:7002\n {4}expires in [\d:]+, q 0\.3\n/m)
      assert.match(out, /^2 users, 2 contacts\n$/m)
      const one = await list(server, 'registrations', 'bob@example.test', '--json')
      assert.equal((JSON.parse(one.out) as { addressOfRecord: string }).addressOfRecord, 'sip:bob@example.test')
      const nobody = await list(server, 'registrations', 'carol')
      assert.deepEqual([nobody.code, nobody.out], [1, '0 users, 0 contacts\n'])
    }))

  test('sip calls lists calls that ring and calls that go on, also after a graceful restart, until they end', () =>
    withSipServer(routed, async (server) => {
      const talks = await startCallee(server, { scenario: 'uas-answer', user: 'talks' })
      const rings = await startCallee(server, { scenario: 'uas-answer', user: 'rings', pauseMs: 6000 })
      const callers = [
        await startCaller(server, { scenario: 'uac-call', user: 'talks', pauseMs: 7000 }),
        await startCaller(server, { scenario: 'uac-call', user: 'rings', pauseMs: 1000 }),
      ]
      const both = async (): Promise<boolean> => (await statesOf(server)).join() === 'established,ringing'
      await until(both, 5000, 'a call that goes on and one that rings')
      await server.graceful()
      assert.deepEqual(await statesOf(server), ['established', 'ringing'])
      const { out } = await list(server, 'calls', 'talks')
      assert.match(
        out,
        /^established for \d+ s: sip:ann@example\.test -> sip:talks@example\.test\n {2}Call-ID \S+\n1 call\n$/,
      )
      for (const sipp of [...callers, talks, rings]) await sipp.succeeded()
      await until(async () => (await statesOf(server)).length === 0, 5000, 'the end of both calls')
    }))

  test('sip calls says that it cannot know of answered calls without Record-Route', () =>
    withSipServer({ recordRoute: false }, async (server) => {
      const { code, out, err } = await list(server, 'calls')
      assert.deepEqual([code, out], [0, '0 calls\n'])
      assert.match(err, /answered ones need AddRecordRoute On/)
    }))
})

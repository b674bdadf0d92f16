import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { processFamily } from '../../bench/sip/usage.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { call, startCallee, startCaller } from '../support/sip-call.ts'
import { bindingsOf, openUdp, registerOver } from '../support/sip-client.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'

/** With several workers they may overtake each other, which SIPp takes for a failure. */
const ackBeforeByeMs = 4000
const routed = { recordRoute: true, workers: 2 }

/** Registers one user after another until it is told to stop; gives how many were accepted. */
async function keepRegistering(server: SipServer, isOver: () => boolean): Promise<number> {
  const client = await openUdp(server)
  let accepted = 0
  while (!isOver()) {
    await registerOver(client, { user: `phone${accepted}`, contact: `sip:phone${accepted}@127.0.0.1:9` })
    accepted++
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  client.close()
  return accepted
}

describe('while calls go on', needs('sipp'), () => {
  test('ten graceful restarts fail no call that rings, none that stands and no registration', () =>
    withSipServer(routed, async (server) => {
      const hundred = { calls: 100, callsPerSecond: 100, timeoutSeconds: 90 }
      const rings = await startCallee(server, { scenario: 'uas-answer', user: 'rings', pauseMs: 10_000, ...hundred })
      const talks = await startCallee(server, { scenario: 'uas-answer', user: 'talks', ...hundred })
      const callers = [
        // An ACK and its BYE may overtake each other on the way through two workers, as on any UDP path, and one that was lost comes
        // again within a second: they are further apart than a busy machine keeps a worker waiting.
        await startCaller(server, { scenario: 'uac-call', user: 'rings', pauseMs: ackBeforeByeMs, ...hundred }),
        await startCaller(server, { scenario: 'uac-call', user: 'talks', pauseMs: 12_000, ...hundred }),
      ]
      let isOver = false
      const registering = keepRegistering(server, () => isOver)
      // A rejection is of interest only where it is awaited below.
      registering.catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 1500)) // all the calls are begun by then
      const first = server.pid()
      for (let i = 0; i < 10; i++) await server.graceful()
      isOver = true
      assert.ok((await registering) > 20, 'registrations went on meanwhile')
      for (const sipp of [...callers, rings, talks]) await sipp.succeeded()
      assert.equal(server.pid(), first, 'the process that the others belong to stays')
      const callee = await startCallee(server, { scenario: 'uas-answer' })
      await call(server, { scenario: 'uac-call' })
      await callee.succeeded()
    }))

  test('a worker that is killed is replaced, and calls that are not its own go on', ofSipdAlone, () =>
    withSipServer({ ...routed, workers: 4 }, async (server) => {
      const workers = (): number[] => processFamily(server.pid()).slice(1)
      const forty = { calls: 40, callsPerSecond: 100, timeoutSeconds: 60 }
      const talks = await startCallee(server, { scenario: 'uas-answer', user: 'talks', ...forty })
      const rings = await startCallee(server, { scenario: 'uas-answer', user: 'rings', pauseMs: 3000, ...forty })
      const talking = await startCaller(server, {
        scenario: 'uac-call',
        user: 'talks',
        pauseMs: 2 * ackBeforeByeMs,
        ...forty,
      })
      // A socket of its own for each call, so that they are spread over the workers.
      const more = ['-max_socket', '1000']
      const spread = { ...forty, transport: 'un' as const, more }
      const ringing = await startCaller(server, { scenario: 'uac-call', user: 'rings', ...spread })
      await new Promise((resolve) => setTimeout(resolve, 1000)) // all the calls are begun by then
      const before = workers()
      assert.ok(before.length >= 2, `sipd has the workers ${before.join(', ')}`)
      process.kill(before[0]!, 'SIGKILL')
      const later = { user: 'later', calls: 20 }
      const calleeForNew = await startCallee(server, { scenario: 'uas-answer', ...later })
      await call(server, { scenario: 'uac-call', callsPerSecond: 20, pauseMs: ackBeforeByeMs, ...later })
      await calleeForNew.succeeded()
      await until(() => workers().length === before.length, 20_000, 'the replacement of the worker')
      assert.ok(!workers().includes(before[0]!))
      await talking.succeeded()
      await talks.succeeded()
      const { successful } = await ringing.counts()
      assert.ok(
        successful >= 20,
        `of 40 calls that rang only ${successful} were answered: more than one worker's share`,
      )
      await rings.stop()
    }),
  )

  test('after kill -9 of sipd, every registration acknowledged more than a second before is there', ofSipdAlone, () =>
    withSipServer(routed, async (server) => {
      const users = Array.from({ length: 300 }, (_, i) => `user${i}`)
      const client = await openUdp(server)
      for (const user of users) await registerOver(client, { user, contact: `sip:${user}@127.0.0.1:7` })
      await new Promise((resolve) => setTimeout(resolve, 1100))
      const family = processFamily(server.pid())
      process.kill(family[0]!, 'SIGKILL')
      await until(() => family.every((pid) => readProcess(pid) === undefined), 5000, 'the end of all its processes')
      await server.start()
      for (const user of users) assert.deepEqual(await bindingsOf(client, user), [`sip:${user}@127.0.0.1:7`])
      client.close()
    }),
  )
})

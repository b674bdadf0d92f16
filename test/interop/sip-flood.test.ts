import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { usageOf } from '../../bench/sip/usage.ts'
import { isSoak } from '../../bench/smoke.ts'
import { exchange, header, openUdp, requestText, type SipClient, statusOf } from '../support/sip-client.ts'
import { withSipServer } from '../support/sip-under-test.ts'

const register = (client: SipClient, user: string): string =>
  requestText('REGISTER', 'sip:example.test', client, {
    To: `<sip:${user}@example.test>`,
    Contact: `<sip:${user}@127.0.0.1:9>`,
  })

/** Sends all at once, and gives how often each status came until nothing came any more. */
async function flood(client: SipClient, texts: readonly string[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  for (const [i, text] of texts.entries()) {
    client.send(text)
    if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
  for (;;) {
    const answer = await client.receive((message) => message.startsWith('SIP/2.0'), 700).catch(() => undefined)
    if (answer === undefined) return statuses
    const status = statusOf(answer)
    if (status >= 200) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
}

describe('a flood from one address', () => {
  test('of REGISTERs is slowed, and another address is served meanwhile', () =>
    withSipServer({ more: ['FloodThreshold 100'] }, async (server) => {
      const flooder = await openUdp(server)
      const other = await openUdp(server, '127.0.0.2')
      const texts = Array.from({ length: 3000 }, (_, i) => register(flooder, `flood${i}`))
      const flooding = flood(flooder, texts)
      for (let i = 0; i < 20; i++) assert.equal(statusOf(await exchange(other, register(other, `calm${i}`))), 200)
      const statuses = await flooding
      const taken = statuses.get(200) ?? 0
      const refused = statuses.get(503) ?? 0
      // The flood lasts at most a few of the seconds that are counted.
      assert.ok(taken >= 100 && taken <= 500, `${taken} of 3,000 were taken`)
      assert.ok(refused >= 100 && taken + refused < 1500, `${refused} were refused, ${taken} taken`)
      for (const client of [flooder, other]) client.close()
    }))

  test('of INVITEs that nobody answers fills no memory, and says when to come again', () =>
    withSipServer(
      { more: ['MaxTransactions 200', 'StaticContact sip:mute@example.test sip:mute@127.0.0.1:9'] },
      async (server) => {
        const flooder = await openUdp(server)
        const before = usageOf(server.pid()).pssBytes
        const texts = Array.from({ length: 5000 }, () => requestText('INVITE', 'sip:mute@example.test', flooder))
        const statuses = await flood(flooder, texts)
        // Some of a burst is lost before it is read; all but 200 of the others are refused.
        assert.ok((statuses.get(503) ?? 0) > 1000, `${statuses.get(503)} were refused`)
        const again = await exchange(flooder, requestText('INVITE', 'sip:mute@example.test', flooder))
        assert.equal(statusOf(again), 503)
        assert.match(header(again, 'Retry-After') ?? '', /^\d+$/)
        const grown = usageOf(server.pid()).pssBytes - before
        if (isSoak) assert.ok(grown < 40e6, `${grown} octets more`)
        flooder.close()
      },
    ))

  test('of new users ends at RegistrarMaxUsers; those who are there renew', () =>
    withSipServer({ more: ['RegistrarMaxUsers 50'] }, async (server) => {
      const client = await openUdp(server)
      const statuses = await flood(
        client,
        Array.from({ length: 200 }, (_, i) => register(client, `user${i}`)),
      )
      assert.deepEqual([statuses.get(200), statuses.get(503)], [50, 150])
      assert.equal(statusOf(await exchange(client, register(client, 'user0'))), 200)
      client.close()
    }))
})

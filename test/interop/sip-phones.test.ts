import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { Baresip } from '../support/sip-baresip.ts'
import { bindingsOf, openUdp } from '../support/sip-client.ts'
import { freePorts } from '../support/sip-ports.ts'
import { withSipServer } from '../support/sip-under-test.ts'

/** sipsak cuts the fifth digit off the port in a URI. */
const shortPort = { digits: 4 } as const

function sipsak(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile('sipsak', args, { timeout: 15_000 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, text: out + err })
    })
  })
}

describe('sipsak', needs('sipsak'), () => {
  test('its OPTIONS ping is answered with 200', () =>
    withSipServer(shortPort, async ({ address }) => {
      const { code, text } = await sipsak('-v', '-s', `sip:${address}`)
      assert.equal(code, 0, text)
      assert.match(text, /^SIP\/2\.0 200 /)
    }))

  test('its test of the location service registers, and finds what it registered', () =>
    withSipServer(shortPort, async ({ address }) => {
      const port = await freePorts(1)
      const user = `sip:zoe@${address}`
      const { code, text } = await sipsak(
        ...['-U', '-v', '-H', '127.0.0.1', '-s', user, '-C', `sip:zoe@127.0.0.1:${port}`, '-x', '600', '-l', `${port}`],
      )
      assert.equal(code, 0, text)
      assert.match(text, /completed successful/)
    }))
})

describe('baresip', needs('baresip', '/usr/lib/baresip/modules/aufile.so'), () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`two telephones register over ${transport}, call each other and hang up`, () =>
      withSipServer({ recordRoute: true }, async (server) => {
        const proxy = server.address
        const bob = new Baresip({ user: 'bob', proxy, transport })
        await bob.printed(/bob@example\.test: .*200 OK/)
        const ann = new Baresip({ user: 'ann', proxy, transport, calls: 'sip:bob@example.test' })
        try {
          await Promise.all([ann.printed(/Call established/), bob.printed(/Call established/)])
          await ann.stop()
          await bob.printed(/session closed/)
          const client = await openUdp(server)
          await until(async () => (await bindingsOf(client, 'ann')).length === 0, 3000, "the end of ann's binding")
          assert.equal((await bindingsOf(client, 'bob')).length, 1)
          client.close()
        } finally {
          await ann.stop()
          await bob.stop()
        }
      }))
  }
})

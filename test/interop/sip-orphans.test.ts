import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { processFamily } from '../../bench/sip/usage.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { until } from '../support/appliance.ts'
import { exchange, openUdp, requestText, statusOf } from '../support/sip-client.ts'
import { ofSipdAlone, withSipServer } from '../support/sip-under-test.ts'

describe('a sipd whose first process was killed while a worker hangs', ofSipdAlone, () => {
  test('is started again at once: the worker that has the ports is ended', () =>
    withSipServer({ workers: 2 }, async (server) => {
      const [parent, hung, other] = processFamily(server.pid())
      process.kill(hung!, 'SIGSTOP')
      process.kill(parent!, 'SIGKILL')
      await until(() => readProcess(other!) === undefined, 10_000, 'the end of the worker that does not hang')
      await server.start()
      const client = await openUdp(server)
      assert.equal(statusOf(await exchange(client, requestText('OPTIONS', 'sip:example.test', client))), 200)
      client.close()
      assert.equal(readProcess(hung!), undefined)
      assert.match(server.log(), /workers of a sipd that was killed hung, and were killed pids=\d+/)
    }))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileLogFormat } from '../../sipd/log/log-format.ts'
import type { Answered } from '../../sipd/worker/access-entry.ts'
import { accessLine } from '../../sipd/worker/access-entry.ts'
import { overTcp, transactions } from './transaction-support.ts'

test('the access log has how long a request took, whatever becomes of the wall clock meanwhile', () => {
  for (const setBackMs of [0, 86_400_000, -86_400_000]) {
    const { clock, receive, servers } = transactions()
    receive('OPTIONS', overTcp)
    const [transaction] = servers
    assert.ok(transaction)
    clock.advance(1500)
    clock.setWallClock(clock.now() - setBackMs)
    const answered: Answered = [transaction, 200, 'SIP/2.0 200 OK\r\n\r\n']
    const format = compileLogFormat('%D %{%s}t', { serverName: 'sipd' })
    const began = Math.floor((clock.now() - 1500) / 1000)
    assert.equal(accessLine(format, [{ port: 5060 }], clock, answered).trimEnd(), `1500000 ${began}`)
  }
})

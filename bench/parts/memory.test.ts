/** What sipd keeps for strangers and phones, in octets of memory each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bindingOf, locationFor } from '../../test/sipd/location-support.ts'
import { harness, request } from '../../test/sipd/proxy-support.ts'
import { judge, sized } from '../smoke.ts'

const transactions = sized(100_000, 1000)
const users = sized(20_000, 100)

test('a finished transaction takes at most 600 octets, its response included, and gives them back', async (context) => {
  const proxy = harness({ settings: { maxHeldOctets: 1 << 30, maxTransactions: 1_000_000 } })
  const call = (n: number): void => {
    proxy.receive(
      request('MESSAGE', 'sip:203.0.113.5', {
        Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-524287-1---${n};rport`,
        'Call-ID': `${n}-12345@198.51.100.1`,
      }),
    )
    const [sent] = proxy.take()
    assert.ok(sent)
    proxy.answer(sent, 200)
    proxy.forget()
  }
  for (let n = 0; n < 1000; n++) call(n)
  const before = usedOctets()
  for (let n = 1000; n < 1000 + transactions; n++) call(n)
  const each = (usedOctets() - before) / transactions
  context.diagnostic(`${each.toFixed(0)} octets for each of ${transactions}`)
  assert.equal(proxy.held.size, 1000 + transactions)
  judge(each <= 600 && each > 100, `${each.toFixed(0)} octets for each`)
  proxy.clock.advance(60_000)
  assert.equal(proxy.held.size, 0)
  usedOctets()
  // Memory outside the heap is given back a turn later.
  await new Promise((resolve) => setImmediate(resolve))
  const left = usedOctets() - before
  judge(left < 5 << 20, `${left} octets are left of them`)
})

test('a user takes less than 600 octets: what is kept holds nothing of the messages it was cut from', (context) => {
  const store = locationFor(context)
  const before = usedOctets()
  for (let i = 0; i < users; i++) {
    const message = `REGISTER of user${i} at <sip:user${i}@192.0.2.1:5060;transport=udp> by call-${i}-0123456789abcdef${' '.repeat(5000)}`
    const [, user = '', contact = '', callId = ''] = /(user\d+) at <(.*)> by (\S+)/.exec(message) ?? []
    store.replace(user, [bindingOf({ contact, callId, userAgent: `phone/${i % 20}` })])
  }
  const each = (usedOctets() - before) / users
  context.diagnostic(`${each.toFixed(0)} octets for each of ${users}`)
  assert.equal(store.users, users)
  judge(each < 600, `${each.toFixed(0)} octets a user`)
})

function usedOctets(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A next hop with several addresses: which failures have the next one tried (RFC 3263 §4.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { harness, headers, kindsOf, request, requestUriOf, type Sent } from './proxy-support.ts'

const gateway = 'sip:+15550100@gw.example'
const [first, second, third] = ['203.0.113.1', '203.0.113.2', '203.0.113.3']
const timeoutMs = 32_025

/** Of what the proxy sends the request itself, once its name has been looked up. */
async function gatewayAt(addresses: readonly string[], options: Parameters<typeof harness>[0] = {}) {
  const proxy = harness({ lookup: async () => addresses, ...options })
  return {
    ...proxy,
    ask: async (method: string, uri = gateway, source?: Hop): Promise<Sent> => {
      proxy.receive(request(method, uri), source)
      await new Promise((resolve) => setImmediate(resolve))
      return requestIn(proxy.take())
    },
  }
}

function requestIn(sent: readonly Sent[]): Sent {
  const [found] = sent.filter(({ text }) => !text.startsWith('SIP/2.0') && !text.startsWith('ACK'))
  assert.ok(found, `nothing was forwarded: ${kindsOf(sent)}`)
  return found
}

const addressesOf = (sent: readonly Sent[]): string[] =>
  sent.filter(({ text }) => !text.startsWith('SIP/2.0')).map(({ hop }) => hop.address)

test('the next address is tried where a connection fails, nobody answers, or a 503 comes; the first that answers has the call', async () => {
  for (const method of ['INVITE', 'MESSAGE']) {
    const { ask, answer, take, clock } = await gatewayAt([first, second, third, '203.0.113.4'])
    const tried = [await ask(method, `${gateway};transport=tcp`)]
    tried[0]?.fail()
    tried.push(requestIn(take()))
    clock.advance(timeoutMs)
    tried.push(requestIn(take()))
    answer(tried[2]!, 503)
    tried.push(requestIn(take()))
    answer(tried[3]!, 200)
    assert.deepEqual(kindsOf(take()), ['200'])
    assert.deepEqual(addressesOf(tried), [first, second, third, '203.0.113.4'])
    // Each is another transaction of the same request.
    assert.equal(new Set(tried.map(({ text }) => headers(text, 'Via')[0])).size, 4)
    assert.deepEqual(new Set(tried.map(requestUriOf)), new Set([`${gateway};transport=tcp`]))
  }
})

test('a 503 to an INVITE gets its ACK before the next address is tried', async () => {
  const { ask, answer, take } = await gatewayAt([first, second])
  const invite = await ask('INVITE')
  answer(invite, 503)
  const sent = take()
  assert.deepEqual(kindsOf(sent), ['ACK', 'INVITE'])
  assert.deepEqual(addressesOf(sent), [first, second])
})

test('any other answer is the answer, whatever addresses are left', async () => {
  for (const status of [302, 404, 408, 486, 500, 504, 603]) {
    const { ask, answer, take } = await gatewayAt([first, second])
    answer(await ask('MESSAGE'), status)
    assert.deepEqual(kindsOf(take()), [String(status)])
  }
})

test('who gave a provisional response is not passed over when no other comes', async () => {
  const { ask, answer, take, clock } = await gatewayAt([first, second])
  answer(await ask('MESSAGE'), 100)
  clock.advance(timeoutMs)
  assert.deepEqual(
    addressesOf(take()),
    Array.from({ length: 8 }, () => first),
    'retransmissions alone',
  )
})

test('when all addresses have failed, the failure of the last is what the caller hears', async () => {
  const { ask, answer, take, clock, logged } = await gatewayAt([first, second])
  answer(await ask('MESSAGE'), 503)
  take()
  clock.advance(timeoutMs)
  assert.deepEqual(kindsOf(take()).at(-1), '408')
  assert.match(logged.join(''), /the next of its addresses is tried.*UDP 203\.0\.113\.1:5060/)

  const refused = await gatewayAt([first, second])
  ;(await refused.ask('MESSAGE', `${gateway};transport=tcp`)).fail()
  refused.answer(requestIn(refused.take()), 503)
  // 503 is of our own state, not of a peer's (§16.7).
  assert.deepEqual(kindsOf(refused.take()), ['500'])
})

test('no other address is tried for a caller who gave up', async () => {
  const { ask, answer, take, receive } = await gatewayAt([first, second])
  const invite = await ask('INVITE')
  answer(invite, 180)
  receive(request('CANCEL', gateway))
  take()
  answer(invite, 503)
  assert.deepEqual(addressesOf(take()), [first], 'its ACK alone')
})

test('a CANCEL goes to the address that is tried at the time', async () => {
  const { ask, answer, take, receive } = await gatewayAt([first, second])
  answer(await ask('INVITE'), 503)
  const again = requestIn(take())
  answer(again, 180)
  receive(request('CANCEL', gateway))
  const cancel = take().find(({ text }) => text.startsWith('CANCEL'))
  assert.equal(cancel?.hop.address, second)
  assert.deepEqual(headers(cancel?.text ?? '', 'Via'), headers(again.text, 'Via').slice(0, 1))
})

test('each address must be one that the request may go to; others are passed over', async () => {
  const stranger: Hop = { transport: 'UDP', address: '198.51.100.1', port: 5060, listener: 0, connection: undefined }
  const settings = { relay: { exposed: [true], allowed: ['0.0.0.0/0'], allowsRegistered: false } }
  const { ask, answer, take } = await gatewayAt(['127.0.0.1', first, '192.0.2.1', second], { settings })
  const tried = await ask('MESSAGE', gateway, stranger)
  answer(tried, 503)
  assert.deepEqual([tried.hop.address, requestIn(take()).hop.address], [first, second])
})

test('where both addresses fail within the call that sends, the last failure is told once', async () => {
  const proxy = harness({ lookup: async () => [first, second] })
  proxy.receive(request('MESSAGE', `${gateway};transport=tcp`))
  await new Promise((resolve) => setImmediate(resolve))
  proxy.sent[0]?.fail()
  proxy.sent[1]?.fail()
  assert.deepEqual(kindsOf(proxy.sent), ['MESSAGE', 'MESSAGE', '500'])
  assert.equal(proxy.layer.live, 0)
})

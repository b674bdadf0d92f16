/** Texts of strangers that become keys of tables: V8 tells strings of more than 16,383 characters apart by their length alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipRequest } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { transactionKey } from '../../sipd/transaction/layer.ts'
import { harness, headers, kindsOf, request, responseTo } from './proxy-support.ts'

const via = (branch: string): Record<string, string> => ({ Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=${branch}` })
const branchOf = (octets: number): string => `z9hG4bK${'b'.repeat(octets - 7)}`
const keyOf = (text: string): string => {
  const message = parseMessage(Buffer.from(text, 'latin1')) as SipRequest
  return transactionKey(message, message.method)
}

test('a branch of 256 octets is taken, a longer one is refused, and a response with one belongs to nothing', () => {
  const proxy = harness()
  proxy.receive(request('OPTIONS', 'sip:example.test', via(branchOf(256))))
  proxy.receive(request('OPTIONS', 'sip:example.test', via(branchOf(257))))
  const [good, bad] = proxy.take()
  assert.match(good!.text, /^SIP\/2\.0 200 /)
  assert.match(bad!.text, /^SIP\/2\.0 400 /)
  assert.equal(headers(bad!.text, 'Via')[0], via(branchOf(257)).Via)
  const before = proxy.statistics.discarded
  proxy.receive(responseTo(request('INVITE', 'sip:bob@example.test', via(branchOf(17_000))), 200))
  assert.equal(proxy.statistics.discarded, before + 1)
})

test('keys are short whatever they are made of, the same for the same request, and others for others', () => {
  const long = 'h'.repeat(20_000)
  const requests = [
    request(long.toUpperCase(), 'sip:example.test', via('z9hG4bK1')),
    // Clients of RFC 2543 have no branch of ours to know: From, Call-ID and the Request-URI tell their requests apart.
    request('OPTIONS', 'sip:example.test', { ...via('1'), 'Call-ID': long }),
    request('OPTIONS', 'sip:example.test', { ...via('1'), 'Call-ID': `${long}2` }),
    request('OPTIONS', 'sip:example.test', { ...via('1'), From: `<sip:${long}@h>;tag=1` }),
  ]
  const keys = requests.map(keyOf)
  assert.equal(new Set(keys).size, requests.length)
  assert.ok(keys.every(({ length }) => length <= 1024))
  assert.deepEqual(requests.map(keyOf), keys)
})

test('a retransmission of an old client with a Call-ID of 20,000 octets is known as one', () => {
  const proxy = harness()
  const text = request('INVITE', 'sip:nobody@example.test', { ...via('1'), 'Call-ID': 'c'.repeat(20_000) })
  proxy.receive(text)
  proxy.receive(text)
  assert.deepEqual(kindsOf(proxy.take()), ['404', '404'])
  assert.deepEqual([proxy.statistics.transactions, proxy.statistics.retransmissionsIn], [1, 1])
})

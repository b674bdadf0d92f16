/** Every holder of what strangers send enters it in the account, is stopped at the bound, and takes it out when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { EarlyMessages } from '../../sipd/worker/early.ts'
import { accountFor } from '../support/sip-account.ts'
import { caller, type Harness, harness, headers, kindsOf, request } from './proxy-support.ts'

const body = 'x'.repeat(50_000)
const bob = 'sip:bob@203.0.113.5'

function invite(number: number, more: Readonly<Record<string, string>> = {}): string {
  const via = `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK${number}`
  return request('INVITE', 'sip:bob@example.test', { Via: via, 'Call-ID': `call-${number}`, ...more }, body)
}

function statusesOf(proxy: Harness): string[] {
  return kindsOf(proxy.take()).filter((kind) => /^\d/.test(kind))
}

test('fat INVITEs to a phone that rings are refused with 503 and Retry-After at the share of their source', () => {
  const proxy = harness({ account: { trafficOctets: 4_000_000, sharePercent: 25 } })
  proxy.bind('bob', bob)
  for (let i = 0; i < 20; i++) proxy.receive(invite(i))
  const sent = proxy.take()
  const refused = sent.filter(({ text }) => text.startsWith('SIP/2.0 503'))
  // A request of 50 kB is held as it came and as it was sent: nine of them are within 1 MB.
  assert.equal(refused.length, 11)
  assert.deepEqual(headers(refused[0]!.text, 'Retry-After'), ['60'])
  const { transactions } = proxy.account
  assert.ok(transactions.octets > 900_000 && transactions.octets <= 1_000_000, `${transactions.octets} octets`)
  assert.equal(transactions.refused, 11)
  assert.equal(proxy.logged.filter((line) => /source=198\.51\.100\.1/.test(line)).length, 1)
  const other: Hop = { ...caller, address: '198.51.100.2' }
  proxy.receive(invite(100), other)
  assert.deepEqual(statusesOf(proxy), ['100'], 'another caller is served')
})

test('all octets of a call are given back, however it ends', () => {
  for (const end of ['answered', 'refused', 'timed out', 'cancelled', 'no such user'] as const) {
    const proxy = harness({ account: { trafficOctets: 10_000_000 } })
    if (end !== 'no such user') proxy.bind('bob', bob)
    proxy.receive(invite(1))
    assert.ok(proxy.account.transactions.octets > body.length, end)
    const [sent] = proxy.take().filter(({ text }) => text.startsWith('INVITE'))
    if (end === 'answered') proxy.answer(sent!, 200, [], body)
    if (end === 'refused') proxy.answer(sent!, 486, [], body)
    if (end === 'cancelled') {
      proxy.answer(sent!, 180, [], body)
      proxy.receive(
        request('CANCEL', 'sip:bob@example.test', { Via: headers(invite(1), 'Via')[0]!, 'Call-ID': 'call-1' }),
      )
      proxy.answer(sent!, 487, [], body)
    }
    proxy.clock.advance(200_000)
    assert.equal(proxy.layer.live, 0, end)
    assert.equal(proxy.account.traffic.octets, 0, end)
  }
})

test('fat responses that are kept for a small request count as well, and beyond the share their status has to do', () => {
  const proxy = harness({ account: { trafficOctets: 400_000, sharePercent: 50 } })
  for (const at of ['203.0.113.5', '203.0.113.6', '203.0.113.7', '203.0.113.8', '203.0.113.9'])
    proxy.bind('bob', `sip:bob@${at}`)
  proxy.receive(request('INVITE', 'sip:bob@example.test'))
  const branches = proxy.take().filter(({ text }) => text.startsWith('INVITE'))
  assert.equal(branches.length, 5)
  for (const branch of branches) proxy.answer(branch, 486, [], 'y'.repeat(60_000))
  assert.ok(proxy.account.transactions.octets <= 200_000 * 1.125, `${proxy.account.transactions.octets} octets`)
  assert.deepEqual(
    statusesOf(proxy).filter((status) => status !== '100'),
    ['486'],
  )
  proxy.clock.advance(200_000)
  assert.equal(proxy.account.traffic.octets, 0)
})

test('a BYE and the CANCEL of a call get through when the share of their source is full', () => {
  const proxy = harness({ account: { trafficOctets: 2_000_000, sharePercent: 25 } })
  proxy.bind('bob', bob)
  for (let i = 0; i < 20; i++) proxy.receive(invite(i))
  proxy.forget()
  proxy.receive(request('CANCEL', 'sip:bob@example.test', { Via: headers(invite(0), 'Via')[0]!, 'Call-ID': 'call-0' }))
  proxy.receive(request('BYE', bob, { To: '<sip:bob@example.test>;tag=callee' }))
  assert.deepEqual(kindsOf(proxy.take()).slice(0, 2), ['200', 'BYE'])
  proxy.receive(request('OPTIONS', bob, {}, 'z'.repeat(40_000)))
  assert.deepEqual(kindsOf(proxy.take()), ['503'])
})

test('calls are listed in a quarter of the memory at most, the latest ones', () => {
  const proxy = harness({ policy: { addRecordRoute: true }, account: { trafficOctets: 64_000 } })
  for (let i = 0; i < 100; i++) {
    const via = `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK${i}`
    proxy.receive(request('INVITE', bob, { Via: via, 'Call-ID': `call-${i}-${'c'.repeat(500)}` }))
    const sent = proxy.take().find(({ text }) => text.startsWith('INVITE'))!
    proxy.answer(sent, 200)
  }
  assert.ok(proxy.calls!.size > 10 && proxy.calls!.size < 20, `${proxy.calls!.size} calls`)
  assert.ok(proxy.account.calls.octets <= 16_000)
  const ids = [...proxy.calls!.all()].map(({ callId }) => callId.slice(0, 7))
  assert.equal(ids.at(-1), 'call-99')
  proxy.calls!.take(() => true)
  assert.equal(proxy.account.calls.octets, 0)
})

test('a call whose Call-ID is longer than any is not listed', () => {
  const proxy = harness({ policy: { addRecordRoute: true } })
  proxy.receive(request('INVITE', bob, { 'Call-ID': 'c'.repeat(20_000) }))
  proxy.answer(proxy.take().find(({ text }) => text.startsWith('INVITE'))!, 200)
  assert.equal(proxy.calls!.size, 0)
})

test('what comes before a worker may begin is kept within the share of its source, and done in its order', () => {
  const { clock } = harness()
  const account = accountFor(clock, { trafficOctets: 100_000, sharePercent: 25 })
  const early = new EarlyMessages(account)
  const done: number[] = []
  for (const at of [30, 10, 20]) early.add(at, caller, 5000, () => done.push(at))
  for (let i = 0; i < 100; i++) early.add(100 + i, caller, 5000, () => done.push(100 + i))
  early.add(15, { ...caller, address: '198.51.100.2' }, 5000, () => done.push(15))
  assert.equal(account.workers.octets, 5 * 5256)
  early.begin()
  assert.deepEqual(done, [10, 15, 20, 30, 100])
  assert.equal(account.traffic.octets, 0)
})

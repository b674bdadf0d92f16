import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { AccountSettings } from '../../sipd/account/account.ts'
import { accountFor } from '../support/sip-account.ts'
import { recordingLog } from './location-support.ts'

function bounded(settings: Partial<AccountSettings> = {}) {
  const clock = new ManualClock()
  const { log, lines } = recordingLog()
  const account = accountFor(clock, { trafficOctets: 1000, sharePercent: 25, ...settings }, log)
  const take = (address: string, octets: number): boolean =>
    account.traffic.shareOf(address).take(account.queues, octets)
  return { clock, account, lines, take }
}

test('a source has its share and no more, and what it gives back it may have again', () => {
  const { account, take } = bounded()
  assert.equal(take('192.0.2.1', 250), true)
  assert.equal(take('192.0.2.1', 1), false)
  assert.equal(take('192.0.2.2', 250), true, 'another source has its own')
  account.traffic.shareOf('192.0.2.1').charge(account.queues, -100)
  assert.equal(take('192.0.2.1', 100), true)
  assert.deepEqual([account.queues.octets, account.traffic.octets, account.queues.refused], [500, 500, 1])
})

test('all addresses of one IPv6 network are one source', () => {
  const { take } = bounded()
  assert.equal(take('2001:db8::1', 200), true)
  assert.equal(take('2001:db8::2', 200), false)
  assert.equal(take('2001:db8:0:1::2', 200), true)
})

test('the 65,536 IPv6 networks of one site have twice the share of one source together, and leave the rest to others', () => {
  const { account, lines, take } = bounded()
  const taken = Array.from({ length: 100 }, (_, i) => take(`2001:db8:1:${i + 1}::1`, 50)).filter(Boolean).length
  assert.equal(taken, 10, 'half of the whole')
  assert.match(lines[0]!, /warn .*holds its whole share of memory.* source=2001:db8:1::\/48 octets=500 bound=500/)
  assert.equal(take('2001:db8:2::1', 250), true, 'another site')
  assert.equal(take('192.0.2.1', 250), true)
  account.traffic.shareOf('192.0.2.1').charge(account.queues, -250)
  account.traffic.shareOf('2001:db8:1:1::1').charge(account.queues, -50)
  assert.equal(take('2001:db8:1:99::1', 50), true, 'what was given back may be had again')
})

test('a site where the share is great leaves a quarter, and an exempt network has nothing to do with its site', () => {
  const { take } = bounded({ sharePercent: 50, exempt: ['2001:db8:1:7::/64'] })
  assert.equal(take('2001:db8:1:7::1', 100), true)
  assert.deepEqual(
    [1, 2, 3].map((n) => take(`2001:db8:1:${n}::1`, 375)),
    [true, true, false],
  )
  assert.equal(take('2001:db8:1:7::1', 150), true)
})

test('the share of a site is kept as long as one of its networks has something', () => {
  const { account, take } = bounded({ trafficOctets: 1 << 30 })
  assert.equal(take('2001:db8:1:1::1', 1 << 28), true)
  assert.equal(take('2001:db8:1:2::1', 1 << 28), true)
  for (let i = 0; i < 10_000; i++) account.traffic.shareOf(`10.0.${i >> 8}.${i & 255}`)
  assert.equal(take('2001:db8:1:3::1', 1), false)
})

test('sources that have not reached their share are refused once the whole is used up', () => {
  const { take, lines } = bounded()
  for (let i = 1; i <= 5; i++) assert.equal(take(`192.0.2.${i}`, 190), true)
  assert.equal(take('192.0.2.6', 190), false)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /error .*is used up; more is refused directive=MaxOctets octets=950 bound=1000/)
  assert.match(lines[0]!, /mostIsOf=192\.0\.2\.1 itsOctets=190/)
})

test('a source at its share is named in the log once, with its address, however often it is refused', () => {
  const { clock, lines, take } = bounded()
  take('192.0.2.1', 250)
  for (let i = 0; i < 1000; i++) take('192.0.2.1', 10)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /warn .*holds its whole share of memory.* source=192\.0\.2\.1 octets=250 bound=250/)
  clock.advance(3_600_000)
  for (let i = 0; i < 1000; i++) take('192.0.2.1', 10)
  assert.equal(lines.length, 2, 'and again after an hour')
})

test('many sources at their share do not fill the log', () => {
  const { lines, take } = bounded({ trafficOctets: 1_000_000, sharePercent: 1 })
  for (let i = 0; i < 90; i++) {
    take(`198.51.100.${i}`, 10_000)
    take(`198.51.100.${i}`, 1)
  }
  assert.ok(lines.length <= 10, `${lines.length} lines`)
})

test('loopback and listed sources may have all of it, and no more than that', () => {
  const { take } = bounded({ exemptsLoopback: true, exempt: ['192.0.2.1', '198.51.100.0/24', '2001:db8::7'] })
  for (const address of ['127.0.0.1', '::1', '192.0.2.1', '198.51.100.9', '2001:db8::8']) {
    assert.equal(take(address, 900), true, address)
    assert.equal(take(address, 101), false, address)
    take(address, -900)
  }
  assert.equal(take('192.0.2.2', 900), false)
  const strict = bounded({ exemptsLoopback: false })
  assert.equal(strict.take('127.0.0.1', 900), false)
})

test('sources that hold nothing are forgotten: forged addresses cost less than what they bound', () => {
  const { account } = bounded({ trafficOctets: 1 << 30 })
  const kept = account.traffic.shareOf('192.0.2.1')
  kept.charge(account.queues, 10)
  const connected = account.traffic.shareOf('192.0.2.2')
  connected.records++
  for (let i = 0; i < 100_000; i++) account.traffic.shareOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  assert.ok(account.traffic.shares <= 1100, `${account.traffic.shares} are kept`)
  assert.equal(account.traffic.shareOf('192.0.2.1'), kept)
  assert.equal(account.traffic.shareOf('192.0.2.2'), connected)
})

test('what is registered and what is traffic have bounds of their own', () => {
  const { account, take } = bounded({ registrationOctets: 500 })
  assert.equal(account.registrations.shareOf('192.0.2.1').take(account.bindings, 125), true)
  assert.equal(take('192.0.2.1', 250), true)
  assert.deepEqual(account.figures().registrations, { octets: 125, bound: 500 })
  assert.deepEqual(account.figures().traffic, { octets: 250, bound: 1000 })
  take('192.0.2.1', 1)
  assert.deepEqual(account.refused(), { queues: 1 })
})

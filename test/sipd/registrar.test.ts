import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { AccountSettings } from '../../sipd/account/account.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import type { SipRequest } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { Registrar, type RegistrarLimits } from '../../sipd/registrar/registrar.ts'
import { accountFor } from '../support/sip-account.ts'
import { recordingLog } from './location-support.ts'

const phone: Hop = { transport: 'UDP', address: '192.0.2.9', port: 5060, listener: 0, connection: undefined }

function registrar(more: Partial<RegistrarLimits> = {}, bounds: Partial<AccountSettings> = {}) {
  const clock = new ManualClock()
  const { log, lines } = recordingLog()
  const account = accountFor(clock, bounds, log)
  const store = new MemoryLocation({ clock, cleanupEveryMs: 180_000, account })
  const limits = {
    minExpiresSeconds: 60,
    maxExpiresSeconds: 7200,
    defaultExpiresSeconds: 3600,
    contactsPerUser: 2,
    users: 2,
    usersPerSource: 2,
    newUsersPerMinute: 0,
    retryAfterSeconds: 45,
    ...more,
  }
  const domains = {
    isOurs: ({ host }: { host: string }) => host === 'example.com',
    addressOfRecord: ({ user, host }: { user: string | undefined; host: string }) => `sip:${user}@${host}`,
  }
  const closed = new Set<string>()
  const served = new Registrar({
    store,
    clock,
    domains,
    relay: { mayBind: () => true, mayLeadAway: () => true },
    isFlowOpen: ({ connection }) => connection === undefined || !closed.has(connection),
    limits,
    account,
  })
  let cseq = 0
  const register = (
    headers: readonly string[],
    { user = 'ann', callId = 'a', number = ++cseq, source = phone } = {},
  ) => {
    const text = [
      'REGISTER sip:example.com SIP/2.0',
      'Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKa',
      'From: <sip:x@y>;tag=1',
      `To: <sip:${user}@Example.com>`,
      `Call-ID: ${callId}`,
      `CSeq: ${number} REGISTER`,
      ...headers,
      '',
      '',
    ]
    const {
      status,
      detail,
      headers: answered = [],
    } = served.register(parseMessage(Buffer.from(text.join('\r\n'))) as SipRequest, source)
    return {
      status,
      detail,
      contacts: answered.filter(({ name }) => name === 'Contact').map(({ value }) => value),
      answered,
    }
  }
  return { clock, store, account, lines, register, closed }
}

test('a contact is bound for the time asked, at most the greatest, and listed with what is left of it', () => {
  const { clock, register } = registrar()
  assert.deepEqual(register(['Contact: <sip:a@1.2.3.4:5070;ob>;q=0.7;expires=100']).contacts, [
    '<sip:a@1.2.3.4:5070;ob>;q=0.7;expires=100',
  ])
  clock.advance(40_500)
  assert.deepEqual(register([]).contacts, ['<sip:a@1.2.3.4:5070;ob>;q=0.7;expires=60'], 'a query changes nothing')
  assert.deepEqual(register(['Contact: <sip:b@h>', 'Expires: 99999']).contacts[0], '<sip:b@h>;expires=7200')
  clock.advance(60_000)
  assert.deepEqual(register([]).contacts, ['<sip:b@h>;expires=7140'])
})

test('too short a time is refused with 423 and the least one', () => {
  const { register } = registrar()
  const { status, answered } = register(['Contact: <sip:a@h>;expires=10'])
  assert.equal(status, 423)
  assert.deepEqual(answered, [{ name: 'Min-Expires', value: '60' }])
})

test('expires=0 takes one contact away, * all of them, and * not with anything else', () => {
  const { register } = registrar()
  register(['Contact: <sip:a@h>, <sip:b@h>'])
  assert.equal(register(['Contact: <sip:a@h>;expires=0']).contacts.length, 1)
  assert.equal(register(['Contact: *', 'Expires: 5']).status, 400)
  assert.equal(register(['Contact: *, <sip:a@h>', 'Expires: 0']).status, 400)
  assert.deepEqual(register(['Contact: *', 'Expires: 0']).contacts, [])
})

test('an older request of the same call changes nothing; of another call it does', () => {
  const { register } = registrar()
  register(['Contact: <sip:a@h>;expires=600'], { number: 10 })
  assert.equal(register(['Contact: <sip:a@h>;expires=0'], { number: 9 }).status, 500)
  assert.equal(register([], { number: 11 }).contacts.length, 1)
  assert.equal(register(['Contact: <sip:a@h>;expires=0'], { number: 1, callId: 'b' }).contacts.length, 0)
})

test('contacts of one user and users are bounded', () => {
  const { register } = registrar()
  assert.equal(register(['Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>']).status, 403)
  assert.equal(register(['Contact: <sip:a@h>']).status, 200)
  assert.equal(register(['Contact: <sip:a@h>'], { user: 'bob' }).status, 200)
  assert.equal(register(['Contact: <sip:a@h>'], { user: 'eve' }).status, 503)
})

test('a phone behind NAT is kept with where it registered from, one that tells its true address is not', () => {
  const { store, register } = registrar()
  register(['Contact: <sip:a@10.0.0.9:5062>'])
  assert.deepEqual(
    store.find('sip:ann@example.com').map(({ flow }) => flow),
    ['UDP/192.0.2.9/5060/0/'],
  )
  register(['Contact: <sip:b@192.0.2.9:5062>'], { user: 'bob' })
  assert.deepEqual(
    store.find('sip:bob@example.com').map(({ flow }) => flow),
    [undefined],
  )
})

test('a phone that registers over a connection is reached over it', () => {
  const { store, register } = registrar()
  register(['Contact: <sip:a@192.0.2.9;transport=tcp>'], {
    source: { ...phone, transport: 'TCP', port: 40_000, connection: '1.7' },
  })
  assert.equal(store.find('sip:ann@example.com')[0]?.flow, 'TCP/192.0.2.9/40000/0/1.7')
})

test('a user of another domain is not found here', () => {
  const { register } = registrar()
  assert.equal(register(['Contact: <sip:a@h>'], { user: 'ann@elsewhere.test;x=' }).status, 404)
})

test('texts of a registration are bounded: what is longer is refused with its name, and of a User-Agent the beginning is kept', () => {
  const { store, register } = registrar()
  const long = (length: number): string => 'x'.repeat(length)
  const refused: readonly [string, readonly string[], object][] = [
    ['Call-ID is longer than 256 octets', ['Contact: <sip:a@h>'], { callId: long(257) }],
    ['To is longer than 512 octets', ['Contact: <sip:a@h>'], { user: long(500) }],
    ['a Contact is longer than 1024 octets', [`Contact: <sip:${long(1020)}@h>`], {}],
    ['Path has more than 5 URIs', ['Contact: <sip:a@h>', `Path: ${Array(6).fill('<sip:e;lr>').join(', ')}`], {}],
    ['a URI of Path is longer than 256 octets', ['Contact: <sip:a@h>', `Path: <sip:${long(250)};lr>`], {}],
  ]
  for (const [detail, headers, more] of refused) {
    const answer = register(headers, more)
    assert.deepEqual([answer.status, answer.detail], [400, detail])
  }
  assert.equal(store.users, 0)
  const most = [
    'Contact: <sip:a@h>',
    `Path: ${Array(5)
      .fill(`<sip:${long(247)};lr>`)
      .join(', ')}`,
  ]
  assert.equal(register([...most, `User-Agent: ${long(3000)}`], { callId: long(256) }).status, 200)
  assert.equal(store.find('sip:ann@example.com')[0]?.userAgent, long(256))
})

test('a request with more contacts than could ever be replaced by others is refused before they are looked at', () => {
  const { register } = registrar()
  const contacts = Array.from({ length: 1000 }, (_, i) => `<sip:a${i}@h>;expires=0`)
  assert.equal(register([`Contact: ${contacts.join(',')}`]).status, 403)
})

const many = { users: 1000, usersPerSource: 1000, contactsPerUser: 10 }
const other: Hop = { ...phone, address: '192.0.2.10' }

test('registrations have a bound in octets, of one source and of all; who is registered refreshes all the same', () => {
  const { account, lines, register } = registrar(many, { registrationOctets: 20_000, sharePercent: 50 })
  const register1 = (i: number, source = phone) =>
    register([`Contact: <sip:u${i}@h>`, `User-Agent: ${'x'.repeat(200)}`], { user: `u${i}`, source })
  const statuses = Array.from({ length: 20 }, (_, i) => register1(i).status)
  const taken = statuses.filter((status) => status === 200).length
  assert.ok(taken >= 8 && taken <= 12, `${taken} users within 10,000 octets`)
  assert.deepEqual(new Set(statuses.slice(taken)), new Set([503]))
  assert.ok(account.bindings.octets <= 10_000)
  assert.equal(account.bindings.refused, 20 - taken)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /holds its whole share of memory.* source=192\.0\.2\.9 .*directive=RegistrarMaxOctets/)
  for (let i = 0; i < taken; i++) assert.equal(register1(i).status, 200, 'a refresh')
  assert.equal(register(['Contact: <sip:u0@h:5070>'], { user: 'u0' }).status, 200, 'a phone with a new port')
  assert.equal(register1(100, other).status, 200, 'another source has its share')
  register(['Contact: *', 'Expires: 0'], { user: 'u0' })
  assert.equal(register1(30).status, 200, 'what was given back may be had again')
})

test('the IPv6 networks of one site register twice as many users as one of them may, and others still register', () => {
  const { register } = registrar({ users: 40, usersPerSource: 10 })
  const statuses = Array.from(
    { length: 30 },
    (_, i) =>
      register([`Contact: <sip:u${i}@h>`], { user: `u${i}`, source: { ...phone, address: `2001:db8:1:${i + 1}::1` } })
        .status,
  )
  assert.equal(statuses.filter((status) => status === 200).length, 20)
  assert.equal(
    register(['Contact: <sip:x@h>'], { user: 'x', source: { ...phone, address: '2001:db8:2::1' } }).status,
    200,
  )
  assert.equal(register(['Contact: <sip:y@h>'], { user: 'y' }).status, 200)
})

test('what is entered for registrations is given back when they are removed, replaced or run out', () => {
  const { account, clock, register } = registrar(many)
  register(['Contact: <sip:a@h>, <sip:b@h>;expires=100'])
  register(['Contact: <sip:c@h>'], { user: 'bob', source: other })
  assert.deepEqual([account.registrations.shareOf(phone.address).records, account.registrations.shares], [1, 2])
  register(['Contact: <sip:a@h>;expires=60'], { source: other })
  clock.advance(170_000)
  register(['Contact: <sip:c@h>;expires=0'], { user: 'bob' })
  assert.ok(account.bindings.octets > 0, 'it is held until it is taken out')
  clock.advance(180_000)
  assert.equal(account.bindings.octets, 0)
  assert.equal(account.registrations.shareOf(phone.address).records, 0)
})

test('a source may have its part of the users, and others the rest', () => {
  const { lines, register } = registrar({ ...many, users: 10, usersPerSource: 4 })
  const statuses = (source: Hop) =>
    Array.from(
      { length: 6 },
      (_, i) => register(['Contact: <sip:a@h>'], { user: `${source.address}-${i}`, source }).status,
    )
  assert.deepEqual(statuses(phone), [200, 200, 200, 200, 503, 503])
  assert.deepEqual(statuses(other), [200, 200, 200, 200, 503, 503])
  assert.equal(lines.length, 2)
  assert.match(lines[0]!, /registered as many users as it may.* source=192\.0\.2\.9 users=4/)
})

test('new users of a source are limited a minute; refreshes, removals and other sources are not', () => {
  const { clock, lines, register } = registrar({ ...many, newUsersPerMinute: 3 })
  const user = (i: number, source = phone) => register(['Contact: <sip:a@h>'], { user: `u${i}`, source })
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((i) => user(i).status),
    [200, 200, 200, 503, 503],
  )
  assert.deepEqual(user(4).answered, [{ name: 'Retry-After', value: '45' }])
  assert.equal(user(6, other).status, 200)
  for (let i = 0; i < 20; i++) assert.equal(user(1).status, 200)
  assert.equal(register(['Contact: *', 'Expires: 0'], { user: 'u1' }).status, 200)
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /registers new users too fast.* source=192\.0\.2\.9 .*RegistrarNewUsersPerMinute/)
  clock.advance(60_000)
  assert.equal(user(4).status, 200)
})

test('loopback and listed sources register as many new users as there is room for', () => {
  const exempt = { exemptsLoopback: true, exempt: ['192.0.2.0/24'], sharePercent: 25 }
  const { register } = registrar({ ...many, users: 50, usersPerSource: 5, newUsersPerMinute: 3 }, exempt)
  for (const source of [phone, { ...phone, address: '127.0.0.1' }])
    for (let i = 0; i < 20; i++)
      assert.equal(register(['Contact: <sip:a@h>'], { user: `${source.address}-${i}`, source }).status, 200)
})

test('registrations last as long as was said, whatever becomes of the wall clock', () => {
  const { clock, store, register } = registrar()
  clock.setWallClock(60_000) // booted with no clock
  register(['Contact: <sip:a@h>;expires=600'])
  clock.setWallClock(Date.UTC(2026, 10, 30)) // and then NTP
  clock.advance(100_000)
  const { contacts, answered } = register([])
  assert.deepEqual(contacts, ['<sip:a@h>;expires=500'])
  assert.deepEqual(answered.at(-1), { name: 'Date', value: 'Mon, 30 Nov 2026 00:01:40 GMT' })
  clock.setWallClock(Date.UTC(2020, 0, 1))
  clock.advance(499_000)
  assert.equal(store.find('sip:ann@example.com').length, 1)
  clock.advance(1000)
  assert.equal(store.find('sip:ann@example.com').length, 0)
})

const instance = '+sip.instance="<urn:uuid:0000-AB>"'
const tls = (port: number, connection: string): Hop => ({ ...phone, transport: 'TLS', port, connection })

test('a phone that comes back from another port takes the place of its older bindings, however often (RFC 5626 §4.1)', () => {
  const { register, store } = registrar()
  for (let i = 0; i < 12; i++) {
    const { status } = register([`Contact: <sip:a@192.0.2.9:${40_000 + i};transport=tls>;${instance}`], {
      callId: `call-${i}`,
      source: tls(40_000 + i, `1.${i}`),
    })
    assert.equal(status, 200)
  }
  // The same phone, with its URN in other letters.
  const { contacts } = register([`Contact: <sip:a@192.0.2.9:1>;${instance.toLowerCase()}`], { callId: 'last' })
  assert.deepEqual(contacts, ['<sip:a@192.0.2.9:1>;expires=3600;+sip.instance="<urn:uuid:0000-ab>"'])
  register(['Contact: <sip:b@192.0.2.10>;+sip.instance="<urn:uuid:1>"'], { callId: 'other' })
  assert.equal(store.find('sip:ann@example.com').length, 2, 'another phone of the user stays')
})

test('what takes one contact of a phone back leaves the one that it has by now', () => {
  const { register } = registrar()
  register([`Contact: <sip:a@192.0.2.9:1>;${instance}`])
  register([`Contact: <sip:a@192.0.2.9:2>;${instance}`])
  assert.equal(register([`Contact: <sip:a@192.0.2.9:1>;${instance};expires=0`]).contacts.length, 1)
})

test('two contacts of one phone in one request are both bound, and an older request of the same call changes nothing', () => {
  const { register, store } = registrar()
  const both = [`Contact: <sip:a@192.0.2.9:1>;${instance}, <sip:a@192.0.2.9:2>;${instance}`]
  assert.equal(register(both, { number: 7 }).contacts.length, 2)
  assert.equal(register([`Contact: <sip:a@192.0.2.9:3>;${instance}`], { number: 6 }).status, 500)
  assert.equal(register(both, { number: 8 }).contacts.length, 2)
  assert.equal(store.find('sip:ann@example.com').length, 2)
})

test('flows of one phone stand beside each other by their reg-id, and each is replaced by its own (RFC 5626 §6)', () => {
  const { register, store } = registrar()
  const bound = (flow: number, port: number, more: readonly string[] = ['Supported: path, outbound']) =>
    register([`Contact: <sip:a@192.0.2.9:${port};transport=tls>;${instance};reg-id=${flow}`, ...more], {
      callId: `flow-${flow}`,
      source: tls(port, `1.${port}`),
    })
  const { answered } = bound(1, 40_001)
  assert.deepEqual(
    answered.find(({ name }) => name === 'Require'),
    { name: 'Require', value: 'outbound' },
  )
  bound(2, 40_002)
  assert.deepEqual(bound(1, 40_003).contacts.toSorted(), [
    `<sip:a@192.0.2.9:40002;transport=tls>;expires=3600;${instance};reg-id=2`,
    `<sip:a@192.0.2.9:40003;transport=tls>;expires=3600;${instance};reg-id=1`,
  ])
  assert.deepEqual(
    store
      .find('sip:ann@example.com')
      .map(({ flow }) => flow)
      .toSorted(),
    ['TLS/192.0.2.9/40002/0/1.40002', 'TLS/192.0.2.9/40003/0/1.40003'],
  )
  // Who does not know of flows has one at a time, whatever it writes.
  const { contacts, answered: plain } = bound(3, 40_004, [])
  assert.equal(contacts.length, 1)
  assert.equal(
    plain.some(({ name }) => name === 'Require'),
    false,
  )
})

test('a reg-id behind a proxy that knows nothing of flows is 439, and taken behind one whose Path has ob (RFC 5626 §6)', () => {
  for (const [headers, expected] of [
    [['Via: SIP/2.0/UDP 10.0.0.10'], 439],
    [['Via: SIP/2.0/UDP 10.0.0.10', 'Path: <sip:192.0.2.9;lr>'], 439],
    [['Via: SIP/2.0/UDP 10.0.0.10', 'Path: <sip:192.0.2.9;lr>, <sip:x@192.0.2.9;lr;ob>'], 200],
    [[], 200],
  ] as const) {
    const { register } = registrar()
    const contact = `Contact: <sip:a@10.0.0.9>;${instance};reg-id=1`
    assert.equal(register([contact, 'Supported: outbound', ...headers]).status, expected, headers.join())
  }
})

test('contacts of connections that ended make room for a phone that comes back and does not say which it is', () => {
  const { register, closed } = registrar()
  const back = (n: number) =>
    register([`Contact: <sip:a@192.0.2.9:${40_000 + n};transport=tcp>`], {
      callId: `c${n}`,
      source: tls(40_000 + n, `1.${n}`),
    })
  for (let n = 0; n < 5; n++) {
    assert.equal(back(n).status, 200, `${n}`)
    closed.add(`1.${n}`)
  }
  closed.clear()
  assert.equal(back(9).status, 403)
})

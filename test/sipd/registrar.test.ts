import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/clock.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import type { SipRequest } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import type { Hop } from '../../sipd/message/source.ts'
import { Registrar } from '../../sipd/registrar/registrar.ts'

const phone: Hop = { transport: 'UDP', address: '192.0.2.9', port: 5060, listener: 0, connection: undefined }

function registrar() {
  const clock = new ManualClock()
  const store = new MemoryLocation({ clock, cleanupEveryMs: 180_000 })
  const limits = {
    minExpiresSeconds: 60,
    maxExpiresSeconds: 7200,
    defaultExpiresSeconds: 3600,
    contactsPerUser: 2,
    users: 2,
  }
  const domains = {
    isOurs: ({ host }: { host: string }) => host === 'example.com',
    addressOfRecord: ({ user, host }: { user: string | undefined; host: string }) => `sip:${user}@${host}`,
  }
  const served = new Registrar({ store, clock, domains, relay: { mayBind: () => true }, limits })
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
    const { status, headers: answered = [] } = served.register(
      parseMessage(Buffer.from(text.join('\r\n'))) as SipRequest,
      source,
    )
    return { status, contacts: answered.filter(({ name }) => name === 'Contact').map(({ value }) => value), answered }
  }
  return { clock, store, register }
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

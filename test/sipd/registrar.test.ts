import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/clock.ts'
import { LocationStore } from '../../sipd/location/location.ts'
import type { SipRequest } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { Registrar } from '../../sipd/registrar/registrar.ts'

function registrar() {
  const clock = new ManualClock()
  const store = new LocationStore(clock)
  const limits = {
    minExpiresSeconds: 60,
    maxExpiresSeconds: 7200,
    defaultExpiresSeconds: 3600,
    contactsPerUser: 2,
    users: 2,
  }
  const served = new Registrar(store, clock, limits)
  let cseq = 0
  const register = (headers: readonly string[], { user = 'ann', callId = 'a', number = ++cseq } = {}) => {
    const text = [
      'REGISTER sip:example.com SIP/2.0',
      'Via: SIP/2.0/UDP h;branch=z9hG4bKa',
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
  assert.deepEqual(register(['Contact: <sip:b@h>', 'Expires: 99999']).contacts.at(-1), '<sip:b@h>;expires=7200')
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

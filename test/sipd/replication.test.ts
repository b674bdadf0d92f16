import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Binding } from '../../sipd/location/binding.ts'
import { MemoryLocation } from '../../sipd/location/memory.ts'
import { Replication } from '../../sipd/location/replication.ts'

const bob = 'sip:bob@example.test'

/** A worker's registrations, and what it tells the others. */
function member(hasOthers = true) {
  const clock = new ManualClock()
  const store = new MemoryLocation({ clock, cleanupEveryMs: 60_000 })
  const told: Buffer[] = []
  const replication = new Replication({
    store,
    clock,
    tell: (changes) => told.push(changes),
    hasOthers: () => hasOthers,
  })
  store.onChange((addressOfRecord, bindings) => replication.changed(addressOfRecord, bindings))
  const register = (contact: string): void => store.replace(bob, [binding(contact, store.nowMs() + 60_000)])
  return { clock, store, told, replication, register }
}

function binding(contact: string, expiresAtMs: number): Binding {
  return {
    contact,
    callId: 'c',
    cseq: 1,
    q: 1000,
    expiresAtMs,
    flow: undefined,
    path: [],
    userAgent: '',
    instance: '',
    features: '',
    source: '',
  }
}

const contactsOf = (store: MemoryLocation): string[] => store.find(bob).map(({ contact }) => contact)

test('the others hear of a registration within 5 ms, of several for one user once, with what is left of its time', () => {
  const [one, other] = [member(), member()]
  other.replication.begin()
  one.register('sip:bob@203.0.113.1')
  one.register('sip:bob@203.0.113.2')
  assert.equal(one.told.length, 0)
  one.clock.advance(5)
  assert.equal(one.told.length, 1)
  // The clocks of two processes have nothing in common.
  other.clock.advance(1_000_000)
  for (const changes of one.told) other.replication.heard(changes)
  assert.deepEqual(contactsOf(other.store), ['sip:bob@203.0.113.2'])
  other.clock.advance(59_000)
  assert.equal(contactsOf(other.store).length, 1)
  other.clock.advance(1000)
  assert.equal(contactsOf(other.store).length, 0)
  assert.equal(other.told.length, 0, 'what was heard is not told again')
})

test('what is heard before the file was read counts after it', () => {
  const [one, other] = [member(), member()]
  one.register('sip:bob@203.0.113.2')
  one.replication.tellNow()
  for (const changes of one.told) other.replication.heard(changes)
  assert.equal(contactsOf(other.store).length, 0)
  other.store.restore(bob, binding('sip:bob@203.0.113.1', other.store.nowMs() + 1000))
  other.replication.begin()
  assert.deepEqual(contactsOf(other.store), ['sip:bob@203.0.113.2'])
})

test('where there are no others nothing is gathered for them', () => {
  const alone = member(false)
  alone.register('sip:bob@203.0.113.1')
  alone.clock.advance(100)
  alone.replication.tellNow()
  assert.equal(alone.told.length, 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Binding, Change } from '../../sipd/location/binding.ts'
import { bindingOf, locationFor } from './location-support.ts'

const ann = 'sip:ann@example.com'
const contactsOf = (bindings: readonly Binding[]): string[] => bindings.map(({ contact }) => contact)

test('bindings are found by q, and among equals the one refreshed last comes first', (t) => {
  const clock = new ManualClock()
  const store = locationFor(t, { clock })
  const until = (seconds: number): number => clock.now() + seconds * 1000
  store.replace(ann, [
    bindingOf({ contact: 'sip:low@h', q: 500, expiresAtMs: until(900) }),
    bindingOf({ contact: 'sip:early@h', q: 700, expiresAtMs: until(100) }),
    bindingOf({ contact: 'sip:late@h', q: 700, expiresAtMs: until(200) }),
    bindingOf({ contact: 'sip:best@h', q: 1000, expiresAtMs: until(50) }),
  ])
  assert.deepEqual(contactsOf(store.find(ann)), ['sip:best@h', 'sip:late@h', 'sip:early@h', 'sip:low@h'])
  store.replace(ann, store.find(ann))
  assert.deepEqual(contactsOf(store.find(ann)), ['sip:best@h', 'sip:late@h', 'sip:early@h', 'sip:low@h'])
})

test('a binding is kept with every field, and is not the object that was given', (t) => {
  const store = locationFor(t)
  const given = bindingOf({ flow: 'udp:192.0.2.7:5060>L', path: ['<sip:edge@h;lr>'], q: 300, cseq: 4_294_967_295 })
  store.replace(ann, [given])
  assert.deepEqual(store.find(ann), [given])
  assert.notEqual(store.find(ann)[0], given)
})

test('a binding is not found from the moment it ends, and taken out with the next cleaning', (t) => {
  const clock = new ManualClock()
  const store = locationFor(t, { clock, cleanupEveryMs: 180_000 })
  store.replace(ann, [
    bindingOf({ contact: 'sip:short@h', expiresAtMs: clock.now() + 60_000 }),
    bindingOf({ contact: 'sip:long@h', expiresAtMs: clock.now() + 300_000 }),
  ])
  store.replace('sip:bob@example.com', [bindingOf({ expiresAtMs: clock.now() + 60_000 })])
  clock.advance(59_999)
  assert.equal(store.find(ann).length, 2)
  clock.advance(1)
  assert.deepEqual(contactsOf(store.find(ann)), ['sip:long@h'])
  assert.deepEqual(store.find('sip:bob@example.com'), [])
  assert.deepEqual(
    [...store.all()].map(([user]) => user),
    [ann],
  )
  assert.deepEqual([store.users, store.bindings], [2, 3], 'they are still held')
  clock.advance(120_000)
  assert.deepEqual([store.users, store.bindings], [1, 1])
  clock.advance(180_000)
  assert.deepEqual([store.users, store.bindings], [0, 0])
})

test('cleaning 20,000 addresses gives way to other work in between', async (t) => {
  /** Every look at it costs a twentieth of a millisecond, as if the machine were slow. */
  class SlowClock extends ManualClock {
    #looks = 0
    override monotonicMs(): number {
      return super.monotonicMs() + this.#looks++ / 20
    }
  }
  const clock = new SlowClock()
  const store = locationFor(t, { clock, cleanupEveryMs: 1000 })
  for (let i = 0; i < 20_000; i++) store.replace(`sip:${i}@h`, [bindingOf({ expiresAtMs: clock.now() + 500 })])
  clock.advance(1000)
  assert.ok(store.users > 0 && store.users < 20_000, `one slice took out ${20_000 - store.users}`)
  store.replace('sip:1@h', [bindingOf({ expiresAtMs: clock.now() + 60_000 })])
  clock.advance(500)
  assert.deepEqual([store.users, store.bindings], [1, 1])
})

test('a static registration is found beside others, and neither replaced, removed nor expired', (t) => {
  const clock = new ManualClock()
  const fixed = bindingOf({ contact: 'sip:gateway@h', q: 500 })
  const store = locationFor(t, { clock, statics: [[ann, [fixed]]] })
  assert.deepEqual([store.users, store.bindings], [1, 1])
  const changes: Change[] = []
  store.onChange((user, bindings) => changes.push([user, bindings]))

  store.replace(ann, [
    ...store.find(ann),
    bindingOf({ contact: 'sip:gateway@h', expiresAtMs: clock.now() + 1000 }),
    bindingOf({ contact: 'sip:phone@h', expiresAtMs: clock.now() + 1000 }),
  ])
  assert.deepEqual(contactsOf(store.find(ann)), ['sip:phone@h', 'sip:gateway@h'])
  assert.deepEqual([store.users, store.bindings], [1, 2])
  assert.deepEqual(
    contactsOf(changes[0]![1]),
    ['sip:phone@h'],
    'the file and the others have theirs from the configuration',
  )

  store.replace(ann, [])
  assert.deepEqual(contactsOf(store.find(ann)), ['sip:gateway@h'])
  clock.advance(86_400_000 * 365)
  assert.equal(store.find(ann)[0]?.expiresAtMs, Number.POSITIVE_INFINITY)
  assert.deepEqual([store.users, store.bindings], [1, 1])
  assert.deepEqual(
    [...store.all()].map(([user]) => user),
    [ann],
  )
})

test('every replacement is told to all who listen, and one that came from elsewhere to nobody', (t) => {
  const store = locationFor(t)
  const told: string[] = []
  const leave = store.onChange((user, bindings) => told.push(`a ${user} ${bindings.length}`))
  store.onChange((user, bindings) => told.push(`b ${user} ${bindings.length}`))
  store.replace(ann, [bindingOf()])
  store.apply([['sip:bob@example.com', [bindingOf()]]])
  store.replace('sip:nobody@example.com', [])
  leave()
  store.replace(ann, [])
  assert.deepEqual(told, [`a ${ann} 1`, `b ${ann} 1`, `b ${ann} 0`])
  assert.equal(store.find('sip:bob@example.com').length, 1)
  store.apply([['sip:bob@example.com', []]])
  assert.deepEqual([store.users, store.bindings], [0, 0])
})

test('a replacement by the same contacts is told as a refresh, and any other is not', (t) => {
  const store = locationFor(t)
  const told: boolean[] = []
  store.onChange((_user, _bindings, isRefresh) => told.push(isRefresh))
  const [first, second] = [bindingOf({ contact: 'sip:1@h' }), bindingOf({ contact: 'sip:2@h' })]
  for (const bindings of [[first], [{ ...first, cseq: 2 }], [second], [first, second], [second, first], [first], []])
    store.replace(ann, bindings)
  assert.deepEqual(told, [false, true, false, false, true, false, false])
})

test('text outside ASCII and beyond the first plane is kept as it is', (t) => {
  const store = locationFor(t)
  for (const text of ['Fernsprecher für Käthe', '電話', '📞 \ud800 lone', 'x'.repeat(100_000), '']) {
    store.replace(ann, [bindingOf({ contact: text, userAgent: text, flow: text, path: [text] })])
    const [found] = store.find(ann)
    assert.deepEqual([found?.contact, found?.userAgent, found?.flow, found?.path], [text, text, text, [text]])
  }
})

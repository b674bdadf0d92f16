import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { KeyHasher } from '../../sipd/transaction/hash.ts'
import { HeldTransactions } from '../../sipd/transaction/held.ts'
import { heldStates } from '../../sipd/transaction/machines.ts'

const hasher = new KeyHasher()
const hop: Hop = { transport: 'TCP', address: '2001:db8::7', port: 5071, listener: 3, connection: '12.345' }

function held(maxOctets = 1 << 30) {
  const clock = new ManualClock()
  return { clock, kept: new HeldTransactions({ clock, holdMs: 32_000, maxOctets }) }
}

test('what is held gives back its state, text and hop, also text that is not ASCII', () => {
  const { kept } = held()
  const text = 'SIP/2.0 200 OK\r\nX: caf\xe9 \x00\xff\r\n\r\nbody\n'
  kept.hold(hasher.hash('a'), heldStates.serverCompleted, { text, hop })
  kept.hold(hasher.hash('b'), heldStates.serverAccepted)
  assert.equal(kept.stateOf(hasher.hash('a')), heldStates.serverCompleted)
  assert.deepEqual(kept.resendOf(hasher.hash('a')), { text, hop })
  assert.equal(kept.stateOf(hasher.hash('b')), heldStates.serverAccepted)
  assert.equal(kept.resendOf(hasher.hash('b')), undefined)
  assert.equal(kept.stateOf(hasher.hash('c')), undefined)
  kept.stop()
})

test('a hold lasts at least as long as it should, and at most a quarter longer', () => {
  for (const offsetMs of [0, 1, 4000, 7999]) {
    const { kept, clock } = held()
    clock.advance(offsetMs)
    kept.hold(hasher.hash('a'), heldStates.serverAccepted)
    clock.advance(32_000)
    assert.equal(kept.stateOf(hasher.hash('a')), heldStates.serverAccepted, `begun at ${offsetMs}`)
    clock.advance(8001)
    assert.equal(kept.stateOf(hasher.hash('a')), undefined)
    assert.equal(kept.isEmpty, true)
  }
})

test('held a second time, the last is what counts', () => {
  const { kept } = held()
  kept.hold(hasher.hash('a'), heldStates.clientAccepted)
  kept.hold(hasher.hash('a'), heldStates.clientCompleted, { text: 'ACK', hop })
  assert.deepEqual([kept.stateOf(hasher.hash('a')), kept.size], [heldStates.clientCompleted, 1])
})

test('100,000 are found each by its own key, whatever the table grew to', () => {
  const { kept } = held()
  for (let i = 0; i < 100_000; i++)
    kept.hold(hasher.hash(`key ${i}`), heldStates.serverCompleted, { text: `text ${i}`, hop })
  assert.equal(kept.size, 100_000)
  for (let i = 0; i < 100_000; i += 97) assert.equal(kept.resendOf(hasher.hash(`key ${i}`))?.text, `text ${i}`)
  assert.equal(kept.stateOf(hasher.hash('key 100000')), undefined)
})

test('beyond SharedMemorySize the oldest go first, and memory stays below it', () => {
  const maxOctets = 4 << 20
  const { kept, clock } = held(maxOctets)
  for (let i = 0; i < 50_000; i++) {
    kept.hold(hasher.hash(`${i}`), heldStates.serverCompleted, { text: 'x'.repeat(400), hop })
    if (i % 2000 === 1999) clock.advance(8000)
    assert.ok(kept.octets <= maxOctets + (256 << 10))
  }
  assert.equal(kept.stateOf(hasher.hash('0')), undefined)
  assert.equal(kept.stateOf(hasher.hash('49999')), heldStates.serverCompleted)
})

test('a flood within one quarter of the hold does not grow beyond SharedMemorySize either', () => {
  const { kept } = held(1 << 20)
  for (let i = 0; i < 20_000; i++)
    kept.hold(hasher.hash(`${i}`), heldStates.serverCompleted, { text: 'x'.repeat(400), hop })
  assert.ok(kept.octets <= (1 << 20) + (256 << 10), `${kept.octets} octets`)
})

test('long responses of one caller leave room for the usual ones of others', () => {
  const maxOctets = 4 << 20
  const { kept } = held(maxOctets)
  const usual = { text: 'SIP/2.0 200 OK\r\n\r\n', hop }
  kept.hold(hasher.hash('other'), heldStates.serverCompleted, usual)
  const long = { text: `SIP/2.0 200 OK\r\nVia: ${'x'.repeat(30_000)}\r\n\r\n`, hop }
  for (let i = 0; i < 1000; i++) kept.hold(hasher.hash(`stranger ${i}`), heldStates.serverCompleted, long)
  assert.deepEqual(kept.resendOf(hasher.hash('other')), usual)
  assert.ok(kept.octets < maxOctets * 0.6, `${kept.octets} octets`)
  // What is not kept is absorbed: it is not taken for a new request.
  assert.equal(kept.stateOf(hasher.hash('stranger 999')), heldStates.serverCompleted)
  assert.equal(kept.resendOf(hasher.hash('stranger 999')), undefined)
  kept.stop()
})

test('a text that fits in no slab is not kept, and those after it are whole', () => {
  const { kept } = held()
  kept.hold(hasher.hash('a'), heldStates.serverCompleted, { text: 'x'.repeat(300_000), hop })
  kept.hold(hasher.hash('b'), heldStates.serverCompleted, { text: 'y'.repeat(1000), hop })
  assert.equal(kept.stateOf(hasher.hash('a')), heldStates.serverCompleted)
  assert.equal(kept.resendOf(hasher.hash('a')), undefined)
  assert.equal(kept.resendOf(hasher.hash('b'))?.text, 'y'.repeat(1000))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { WindDown } from '../../sipd/worker/wind-down.ts'

function connection(usedMs: number, isHeld = false) {
  const one = {
    usedMs,
    isHeld,
    isOpen: true,
    end: () => {
      one.isOpen = false
    },
  }
  return one
}

test('connections end one after the other in the second half of the time, the one used last at the end', () => {
  const clock = new ManualClock()
  const connections = Array.from({ length: 10 }, (_, i) => connection(i))
  const windDown = new WindDown({ all: () => connections }, clock, 100_000)
  const open = (): number => connections.filter(({ isOpen }) => isOpen).length
  const counts: number[] = []
  for (let step = 0; step < 9; step++) {
    clock.advance(10_000)
    assert.equal(windDown.look(), false)
    counts.push(open())
  }
  assert.deepEqual(counts, [10, 10, 10, 10, 10, 8, 6, 4, 2])
  assert.deepEqual(
    connections.map(({ isOpen }) => isOpen),
    [...Array(8).fill(false), true, true],
  )
  clock.advance(10_000)
  assert.equal(windDown.look(), true)
})

test('a connection that carries a transaction is left alone until the time is over', () => {
  const clock = new ManualClock()
  const connections = [connection(0, true), connection(1), connection(2)]
  const windDown = new WindDown({ all: () => connections }, clock, 1000)
  clock.advance(990)
  windDown.look()
  clock.advance(5)
  windDown.look()
  assert.deepEqual(
    connections.map(({ isOpen }) => isOpen),
    [true, false, false],
  )
})

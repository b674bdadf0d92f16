import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { type BooleanTest, booleanStep, type Comparison } from '../../../subagents/event/conditions/boolean.ts'
import { isDiscontinuityValue, isDiscontinuous } from '../../../subagents/event/conditions/discontinuity.ts'
import {
  type ExistenceSample,
  type ExistenceTest,
  existenceStep,
} from '../../../subagents/event/conditions/existence.ts'
import { deltaOf, type Integer, integerOf, toInteger32 } from '../../../subagents/event/conditions/integer.ts'
import {
  type ThresholdState,
  type ThresholdTest,
  thresholdStep,
} from '../../../subagents/event/conditions/threshold.ts'

/** Runs samples through a test: what each fired, as words. */
function existence(test: ExistenceTest, samples: readonly (string | undefined)[], first?: ExistenceSample): string[] {
  let state = first
  return samples.map((value) => {
    const step = existenceStep(test, state, value === undefined ? { isPresent: false } : { isPresent: true, value })
    state = step.state
    return step.fired ?? ''
  })
}

function booleans(test: BooleanTest, samples: readonly Integer[]): boolean[] {
  let state: boolean | undefined
  return samples.map((sample) => {
    const step = booleanStep(test, state, sample)
    state = step.state
    return step.fired
  })
}

function thresholds(test: ThresholdTest, samples: readonly Integer[]): string[] {
  let state: ThresholdState | undefined
  return samples.map((sample) => {
    const step = thresholdStep(test, state, sample)
    state = step.state
    return step.fired.join(' ')
  })
}

const all = new Set(['present', 'absent', 'changed'] as const)
const both = new Set(['present', 'absent'] as const)

test('existence: present and absent fire once each, and again after the other (mteTriggerExistenceTest)', () => {
  const samples = ['1', '1', undefined, undefined, '1', '2', undefined]
  assert.deepEqual(existence({ test: both, startup: both }, samples), [
    'present',
    '',
    'absent',
    '',
    'present',
    '',
    'absent',
  ])
  assert.deepEqual(existence({ test: new Set(['absent']), startup: both }, samples), [
    '',
    '',
    'absent',
    '',
    '',
    '',
    'absent',
  ])
})

test('existence: a changed value fires at every change, not at an appearance', () => {
  const test = { test: new Set(['changed'] as const), startup: both }
  assert.deepEqual(existence(test, ['1', '2', '2', '3', undefined, '4', '5']), [
    '',
    'changed',
    '',
    'changed',
    '',
    '',
    'changed',
  ])
  assert.deepEqual(existence({ test: all, startup: both }, ['1', '2', undefined]), ['present', 'changed', 'absent'])
})

test('existence: startup bits say what the first look may fire (mteTriggerExistenceStartup)', () => {
  const nothing: ReadonlySet<'present' | 'absent'> = new Set()
  assert.deepEqual(existence({ test: both, startup: nothing }, ['1', undefined]), ['', 'absent'])
  assert.deepEqual(existence({ test: both, startup: nothing }, [undefined, '1']), ['', 'present'])
  assert.deepEqual(existence({ test: both, startup: both }, [undefined, '1']), ['absent', 'present'])
  assert.deepEqual(existence({ test: new Set(['present']), startup: both }, [undefined]), [''])
  assert.deepEqual(
    existence({ test: both, startup: nothing }, ['1'], { isPresent: false }),
    ['present'],
    'an instance that was not there before appears whatever startup says',
  )
})

test('boolean: each comparison has the sample on its left (mteTriggerBooleanComparison)', () => {
  const held: Record<Comparison, readonly boolean[]> = {
    unequal: [true, false, true],
    equal: [false, true, false],
    less: [true, false, false],
    lessOrEqual: [true, true, false],
    greater: [false, false, true],
    greaterOrEqual: [false, true, true],
  }
  for (const [comparison, expected] of Object.entries(held)) {
    const test: BooleanTest = { comparison: comparison as Comparison, value: 5, startup: true }
    for (const samples of [
      [4, 5, 6],
      [4n, 5n, 6n],
    ]) {
      const states = samples.map((sample) => booleanStep(test, undefined, sample).state)
      assert.deepEqual(states, expected, comparison)
    }
  }
})

test('boolean: it fires when it becomes true, and the first sample where startup allows it', () => {
  const test: BooleanTest = { comparison: 'greater', value: 5, startup: true }
  assert.deepEqual(booleans(test, [6, 7, 5, 6, 6, 1, 9]), [true, false, false, true, false, false, true])
  assert.deepEqual(booleans({ ...test, startup: false }, [6, 7, 5, 6]), [false, false, false, true])
})

const quiet = { deltaRising: 1_000_000, deltaFalling: -1_000_000 }
const load: ThresholdTest = { startup: 'rising', rising: 75, falling: 20, ...quiet }

test('threshold: rising once and falling once, nothing in between however long it lasts', () => {
  const samples = [10, 80, 100, 74, 76, 21, 90, 20, 19, 20, 74, 75]
  assert.deepEqual(thresholds(load, samples), ['', 'rising', '', '', '', '', '', 'falling', '', '', '', 'rising'])
})

test('threshold: startup says what the first sample may fire (mteTriggerThresholdStartup)', () => {
  assert.deepEqual(thresholds(load, [75, 20]), ['rising', 'falling'])
  assert.deepEqual(thresholds(load, [20, 75]), ['', 'rising'])
  assert.deepEqual(thresholds({ ...load, startup: 'falling' }, [75, 20]), ['', 'falling'])
  assert.deepEqual(thresholds({ ...load, startup: 'falling' }, [20, 75]), ['falling', 'rising'])
  assert.deepEqual(thresholds({ ...load, startup: 'risingOrFalling' }, [20]), ['falling'])
  assert.deepEqual(thresholds({ ...load, startup: 'risingOrFalling' }, [99]), ['rising'])
})

test('threshold: the value must have been on the other side at the last sample, so a first high one that may not fire stays silent', () => {
  assert.deepEqual(thresholds({ ...load, startup: 'falling' }, [80, 90, 76]), ['', '', ''])
  assert.deepEqual(thresholds({ ...load, startup: 'falling' }, [80, 50, 80]), ['', '', 'rising'])
  assert.deepEqual(thresholds(load, [50, 20]), ['', 'falling'], 'the first way down is told though nothing rose before')
})

test('threshold: differences between samples have thresholds of their own, and the first one may fire', () => {
  const test: ThresholdTest = {
    startup: 'rising',
    rising: 10_000,
    falling: -10_000,
    deltaRising: 50,
    deltaFalling: -50,
  }
  assert.deepEqual(thresholds(test, [0, 60, 130, 130, 70, 0, 49, 99, 160]), [
    '',
    'deltaRising',
    '',
    '',
    'deltaFalling',
    '',
    '',
    'deltaRising',
    '',
  ])
})

test('threshold: values beyond 53 bits compare exactly', () => {
  const test: ThresholdTest = { ...load, rising: 5, falling: 2 }
  assert.deepEqual(thresholds(test, [2n ** 60n, 2n ** 60n + 1n, 2]), ['rising', '', 'falling deltaFalling'])
})

test('threshold: whatever is sampled, rising and falling take turns and each lies beyond its threshold', () => {
  const limits = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 40 }))
  const startup = fc.constantFrom('rising' as const, 'falling' as const, 'risingOrFalling' as const)
  fc.assert(
    fc.property(limits, startup, fc.array(fc.integer({ min: -150, max: 150 })), ([falling, gap], first, samples) => {
      const test = { startup: first, rising: falling + gap, falling, deltaRising: 1000, deltaFalling: -1000 }
      let last = ''
      for (const [i, fired] of thresholds(test, samples).entries()) {
        if (fired === '') continue
        assert.notEqual(fired, last)
        assert.ok(fired === 'rising' ? samples[i]! >= test.rising : samples[i]! <= test.falling)
        last = fired
      }
    }),
  )
})

const counter = (value: number): SnmpValue => ({ type: 'Counter32', value })
const wide = (value: bigint): SnmpValue => ({ type: 'Counter64', value })
const integer = (value: number): SnmpValue => ({ type: 'Integer32', value })
const ticks = (value: number): SnmpValue => ({ type: 'TimeTicks', value })
const octets = (...value: number[]): SnmpValue => ({ type: 'OctetString', value: Uint8Array.from(value) })

test('deltas are unsigned for unsigned types, so counters of 32 and of 64 bits may wrap', () => {
  assert.equal(deltaOf(counter(0xffff_fff0), counter(16)), 32)
  assert.equal(deltaOf(wide(2n ** 64n - 10n), wide(5n)), 15)
  assert.equal(deltaOf(wide(0n), wide(2n ** 63n)), 2n ** 63n)
  assert.equal(deltaOf(integer(10), integer(4)), -6)
  assert.equal(deltaOf(integer(-0x8000_0000), integer(0x7fff_ffff)), 0xffff_ffff)
  assert.equal(deltaOf(counter(1), integer(2)), undefined)
  assert.equal(deltaOf(octets(1), octets(2)), undefined)
})

test('what is no integer on the wire is none to a test; a value that mteHotValue cannot hold is the nearest it can', () => {
  assert.equal(integerOf(octets(1)), undefined)
  assert.equal(integerOf({ type: 'ObjectIdentifier', value: [1, 3] }), undefined)
  assert.equal(integerOf({ type: 'IpAddress', value: Uint8Array.of(1, 2, 3, 4) }), undefined)
  assert.equal(integerOf(ticks(7)), 7)
  assert.equal(toInteger32(2n ** 64n), 0x7fff_ffff)
  assert.equal(toInteger32(-3_000_000_000), -0x8000_0000)
  assert.equal(toInteger32(-5), -5)
})

test('a discontinuity is ticks that go back, or another time stamp or date', () => {
  assert.equal(isDiscontinuous('timeTicks', ticks(100), ticks(600)), false)
  assert.equal(isDiscontinuous('timeTicks', ticks(600), ticks(3)), true)
  assert.equal(isDiscontinuous('timeStamp', ticks(600), ticks(600)), false)
  assert.equal(isDiscontinuous('timeStamp', ticks(600), ticks(700)), true)
  const date = [7, 234, 11, 21, 10, 0, 0, 0]
  assert.equal(isDiscontinuous('dateAndTime', octets(...date), octets(...date)), false)
  assert.equal(isDiscontinuous('dateAndTime', octets(...date), octets(...date.with(6, 1))), true)
  assert.equal(isDiscontinuityValue('timeTicks', counter(1)), false)
  assert.equal(isDiscontinuityValue('timeStamp', ticks(1)), true)
  assert.equal(isDiscontinuityValue('dateAndTime', octets(1, 2, 3)), false)
  assert.equal(isDiscontinuityValue('dateAndTime', octets(...date)), true)
})

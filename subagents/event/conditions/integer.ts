/** Sampled values as the integers that tests compare, and the difference between two samples (mteTriggerSampleType). */
import type { SnmpValue } from '../../../lib/smi/value.ts'

/** A bigint only where a number could not hold it exactly. */
export type Integer = number | bigint

/** Undefined for what is not encoded as an integer: boolean and threshold tests call that badType. */
export function integerOf(value: SnmpValue): Integer | undefined {
  switch (value.type) {
    case 'Integer32':
    case 'Counter32':
    case 'Gauge32':
    case 'TimeTicks':
      return value.value
    case 'Counter64':
      return narrow(value.value)
    default:
      return undefined
  }
}

/**
 * What was added from one sample to the next, as mteTriggerSampleType has it: by unsigned arithmetic and never negative for
 * unsigned types, so that a counter may wrap. Undefined when one of them is no integer, or the type changed.
 */
export function deltaOf(before: SnmpValue, after: SnmpValue): Integer | undefined {
  if (before.type === 'Counter64' && after.type === 'Counter64')
    return narrow(BigInt.asUintN(64, after.value - before.value))
  if (before.type !== after.type) return undefined
  const [from, to] = [integerOf(before), integerOf(after)]
  if (typeof from !== 'number' || typeof to !== 'number') return undefined
  return after.type === 'Integer32' ? to - from : (to - from) >>> 0
}

/** The plain difference, negative where the value went down: what the delta thresholds compare. */
export function differenceOf(before: Integer, after: Integer): Integer {
  if (typeof before === 'number' && typeof after === 'number') return after - before
  return narrow(BigInt(after) - BigInt(before))
}

export function isEqual(a: Integer, b: Integer): boolean {
  return !(a < b) && !(a > b)
}

/** As mteHotValue has it: Integer32, the nearest one where the value does not fit. */
export function toInteger32(value: Integer): number {
  if (value > 0x7fff_ffff) return 0x7fff_ffff
  if (value < -0x8000_0000) return -0x8000_0000
  return Number(value)
}

function narrow(value: bigint): Integer {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

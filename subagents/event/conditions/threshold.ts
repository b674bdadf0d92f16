/** The threshold test of RFC 2981 (mteTriggerThresholdTable): four crossings, each firing once until the other side is reached. */
import { differenceOf, type Integer } from './integer.ts'

export interface ThresholdTest {
  /** mteTriggerThresholdStartup: what the first sample of an instance may fire. */
  readonly startup: 'rising' | 'falling' | 'risingOrFalling'
  readonly rising: number
  readonly falling: number
  readonly deltaRising: number
  readonly deltaFalling: number
}

export type ThresholdFired = 'rising' | 'falling' | 'deltaRising' | 'deltaFalling'

/** One pair of thresholds: the last value seen, and which crossings wait for the other side (hysteresis). */
export interface CrossingState {
  readonly value: Integer
  readonly isRisingArmed: boolean
  readonly isFallingArmed: boolean
}

export interface ThresholdState {
  readonly value: CrossingState
  /** Of the differences between successive samples: undefined until there are two. */
  readonly delta: CrossingState | undefined
  /** Kept from an earlier run of the agent: the next sample is not its successor, and no difference is taken. */
  readonly isRecalled?: boolean
}

export interface ThresholdStep {
  readonly state: ThresholdState
  /** In the order of the columns; at most one of each pair unless the thresholds overlap. */
  readonly fired: readonly ThresholdFired[]
}

/**
 * The state is undefined before the first sample of an instance. `isRaised`: it was above when it went, and its end is
 * to be notified whatever mteTriggerThresholdStartup says.
 */
export function thresholdStep(
  test: ThresholdTest,
  state: ThresholdState | undefined,
  sample: Integer,
  isRaised = false,
): ThresholdStep {
  const value = cross(test.rising, test.falling, state?.value, sample, {
    rising: test.startup !== 'falling',
    falling: test.startup !== 'rising' || isRaised,
  })
  if (!state || state.isRecalled) return { state: { value: value.state, delta: state?.delta }, fired: firedOf(value) }
  // mteTriggerThresholdDeltaRising: the first difference may fire whatever mteTriggerThresholdStartup says.
  const difference = differenceOf(state.value.value, sample)
  const delta = cross(test.deltaRising, test.deltaFalling, state.delta, difference, either)
  return {
    // Most samples change nothing, and there are many of them.
    state:
      value.state === state.value && delta.state === state.delta ? state : { value: value.state, delta: delta.state },
    fired: firedOf(value, delta),
  }
}

const either = { rising: true, falling: true }
const nothing: readonly ThresholdFired[] = []

interface Crossing {
  readonly state: CrossingState
  readonly rose: boolean
  readonly fell: boolean
}

function cross(
  rising: number,
  falling: number,
  state: CrossingState | undefined,
  value: Integer,
  startup: { readonly rising: boolean; readonly falling: boolean },
): Crossing {
  const isHigh = value >= rising
  const isLow = value <= falling
  const rose = isHigh && (state ? state.isRisingArmed && state.value < rising : startup.rising)
  const fell = isLow && (state ? state.isFallingArmed && state.value > falling : startup.falling)
  // After one fired it waits until the value has been at the other threshold.
  const isRisingArmed = rose ? isLow : (state?.isRisingArmed ?? true) || isLow
  const isFallingArmed = fell ? isHigh : (state?.isFallingArmed ?? true) || isHigh
  const isSame =
    state?.value === value && state.isRisingArmed === isRisingArmed && state.isFallingArmed === isFallingArmed
  return { state: isSame ? state : { value, isRisingArmed, isFallingArmed }, rose, fell }
}

function firedOf(value: Crossing, delta?: Crossing): readonly ThresholdFired[] {
  if (!value.rose && !value.fell && !delta?.rose && !delta?.fell) return nothing
  return [
    ...(value.rose ? (['rising'] as const) : []),
    ...(value.fell ? (['falling'] as const) : []),
    ...(delta?.rose ? (['deltaRising'] as const) : []),
    ...(delta?.fell ? (['deltaFalling'] as const) : []),
  ]
}

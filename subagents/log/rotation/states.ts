/** The way of a file that was moved aside as a table: state by event. What is not here leaves the state alone. */

export type RotationState =
  /** Renamed; who wrote it may still do so. */
  | 'held'
  /** Nobody writes it any more; it waits to be compressed. */
  | 'released'
  | 'compressing'
  /** As it is kept. */
  | 'finished'

export type RotationEvent =
  | 'released' // no descriptor that writes it is left
  | 'compress'
  | 'keepAsIs' // the policy wants no compression
  | 'compressed'
  | 'failed' // no room, no right: it stays as it is, and is tried again
  | 'gone' // somebody deleted it, or nothing was in it
  | 'written' // it grew although nobody was seen to have it open

export const transitions: Record<RotationState, Partial<Record<RotationEvent, RotationState>>> = {
  held: { released: 'released', gone: 'finished' },
  released: { compress: 'compressing', keepAsIs: 'finished', gone: 'finished' },
  compressing: { compressed: 'finished', failed: 'released', written: 'held', gone: 'finished' },
  finished: {},
}

export function nextState(state: RotationState, event: RotationEvent): RotationState {
  return transitions[state][event] ?? state
}

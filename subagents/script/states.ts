/** The life of a run as a table: smRunState by event (RFC 3165). What is not here leaves the state alone. */

export type RunState =
  | 'initializing'
  | 'executing'
  | 'suspending'
  | 'suspended'
  | 'resuming'
  | 'aborting'
  | 'terminated'
export type RunEvent =
  | 'started'
  | 'suspend' // smRunControl
  | 'stopped' // every process of it stands still
  | 'stopFailed'
  | 'resume' // smRunControl
  | 'continued'
  | 'abort' // smRunControl, or a limit
  | 'ended' // nothing of it is left

export const transitions: Record<RunState, Partial<Record<RunEvent, RunState>>> = {
  initializing: { started: 'executing', abort: 'aborting', ended: 'terminated' },
  executing: { suspend: 'suspending', abort: 'aborting', ended: 'terminated' },
  suspending: {
    stopped: 'suspended',
    stopFailed: 'executing',
    resume: 'resuming',
    abort: 'aborting',
    ended: 'terminated',
  },
  suspended: { resume: 'resuming', abort: 'aborting', ended: 'terminated' },
  resuming: { continued: 'executing', abort: 'aborting', ended: 'terminated' },
  aborting: { ended: 'terminated' },
  terminated: {},
}

/** Whether the event means anything in this state; where not, a SET that asks for it is an inconsistentValue. */
export function mayHappen(state: RunState, event: RunEvent): boolean {
  return transitions[state][event] !== undefined
}

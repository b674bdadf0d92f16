/** The life of a supervised process as a table: critAppProcState by event. What is not here leaves the state alone. */

export type ProcessState =
  | 'running'
  | 'stopped'
  | 'starting'
  | 'stopping'
  | 'restartWait'
  | 'failed'
  | 'adopted'
  | 'unknown'
export type ProcessEvent =
  | 'wantUp' // critAppAdminStatus up
  | 'wantDown' // critAppAdminStatus down
  | 'ready' // what was started runs
  | 'startFailed'
  | 'found' // it runs already, started by somebody else
  | 'exited'
  | 'unhealthy' // it runs, and does not serve
  | 'retry' // it is to be started again, but later
  | 'waitOver'
  | 'tooOften' // it ended more often than its row allows
  | 'giveUp' // restartOnExit was taken back while it waited

export const transitions: Record<ProcessState, Partial<Record<ProcessEvent, ProcessState>>> = {
  unknown: { wantUp: 'starting', wantDown: 'stopped', found: 'adopted' },
  stopped: { wantUp: 'starting', found: 'adopted', retry: 'restartWait', tooOften: 'failed' },
  starting: { ready: 'running', startFailed: 'failed', exited: 'failed', unhealthy: 'stopping', wantDown: 'stopping' },
  running: { exited: 'stopped', unhealthy: 'stopping', wantDown: 'stopping' },
  adopted: { exited: 'stopped', unhealthy: 'stopping', wantDown: 'stopping' },
  stopping: { exited: 'stopped' },
  restartWait: { waitOver: 'starting', wantUp: 'starting', wantDown: 'stopped', found: 'adopted', giveUp: 'stopped' },
  failed: { wantUp: 'starting', wantDown: 'stopped', found: 'adopted', retry: 'restartWait' },
}

export function nextState(state: ProcessState, event: ProcessEvent): ProcessState {
  return transitions[state][event] ?? state
}

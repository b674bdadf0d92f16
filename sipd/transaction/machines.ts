/** The four state machines of RFC 3261 §17 with the Accepted states of RFC 6026, to be laid beside the drawings. */

export type Event =
  | 'request' // a retransmission of the request
  | 'provisional'
  | 'success'
  | 'failure' // 300-699
  | 'ack'
  | 'timeout' // B, F, H
  | 'over' // D, I, J, K, L, M
  | 'transportError'

export type State = 'calling' | 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated'

export type Machine = Readonly<Partial<Record<State, Readonly<Partial<Record<Event, State>>>>>>

/** RFC 6026 figure 4 (which replaces figure 5 of RFC 3261). */
export const inviteClient: Machine = {
  calling: {
    provisional: 'proceeding',
    success: 'accepted',
    failure: 'completed',
    timeout: 'terminated',
    transportError: 'terminated',
  },
  proceeding: { provisional: 'proceeding', success: 'accepted', failure: 'completed', transportError: 'terminated' },
  accepted: { success: 'accepted', over: 'terminated' },
  completed: { failure: 'completed', over: 'terminated', transportError: 'terminated' },
}

/** RFC 3261 figure 6. A success is a final response like others here. */
export const nonInviteClient: Machine = {
  trying: {
    provisional: 'proceeding',
    success: 'completed',
    failure: 'completed',
    timeout: 'terminated',
    transportError: 'terminated',
  },
  proceeding: {
    provisional: 'proceeding',
    success: 'completed',
    failure: 'completed',
    timeout: 'terminated',
    transportError: 'terminated',
  },
  completed: { over: 'terminated' },
}

/** RFC 6026 figure 5 (which replaces figure 7 of RFC 3261). */
export const inviteServer: Machine = {
  proceeding: {
    request: 'proceeding',
    provisional: 'proceeding',
    success: 'accepted',
    failure: 'completed',
    transportError: 'terminated',
  },
  accepted: { request: 'accepted', success: 'accepted', ack: 'accepted', over: 'terminated' },
  completed: { request: 'completed', ack: 'confirmed', timeout: 'terminated', transportError: 'terminated' },
  confirmed: { ack: 'confirmed', over: 'terminated' },
}

/** RFC 3261 figure 8. */
export const nonInviteServer: Machine = {
  trying: { provisional: 'proceeding', success: 'completed', failure: 'completed', request: 'trying' },
  proceeding: {
    request: 'proceeding',
    provisional: 'proceeding',
    success: 'completed',
    failure: 'completed',
    transportError: 'terminated',
  },
  completed: { request: 'completed', over: 'terminated', transportError: 'terminated' },
}

/** What a response is to a machine. */
export function eventOf(status: number): 'provisional' | 'success' | 'failure' {
  return status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure'
}

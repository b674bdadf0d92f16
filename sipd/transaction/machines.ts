/**
 * The four state machines of RFC 3261 §17 with the Accepted states of RFC 6026, to be laid beside the drawings: state and event give
 * the next state, and what is done on the way. They drive the transactions, and what is held of those that have ended.
 */

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted'
export type ClientState = 'calling' | 'trying' | 'proceeding' | 'completed' | 'accepted'

/** What the user of a server transaction sends. */
export type ResponseEvent = 'provisional' | 'success' | 'failure' // 300-699

export type ServerEvent =
  | 'request' // a retransmission of the request
  | 'ack'
  | ResponseEvent
  | 'retransmit' // timer G
  | 'timeout' // timer H
  | 'transportError'
  | 'abandon' // its user ends it without an answer

export type ClientEvent =
  | ResponseEvent
  | 'retransmit' // timers A and E
  | 'timeout' // timers B and F
  | 'transportError'
  | 'abandon'

export type ServerAction =
  | 'send' // the response
  | 'sendAgain' // the last response
  | 'passAck' // to the user: it is one of a 2xx
  | 'startG'
  | 'startH'
  | 'absorbI' // `absorb`: hold what is left of the transaction until that timer; nothing where it is zero
  | 'absorbJ'
  | 'absorbL'
  | 'end'
  | 'endFailed' // the user is told

export type ClientAction =
  | 'sendAgain' // the request
  | 'acknowledge' // a final response other than 2xx; the ACK is held until timer D
  | 'acknowledgeAgain'
  | 'tell' // the user, of the response
  | 'tellTimeout'
  | 'tellFailed'
  | 'passOn' // the response, upstream
  | 'stopTimers'
  | 'absorbM' // holds what is left of the transaction until that timer
  | 'end'

export interface Transition<State, Action> {
  readonly next: State | 'terminated'
  readonly actions: readonly Action[]
}

export type Row<State, Event extends string, Action> = Readonly<Partial<Record<Event, Transition<State, Action>>>>
export type ServerRow = Row<ServerState, ServerEvent, ServerAction>
export type ClientRow = Row<ClientState, ClientEvent, ClientAction>
export type ServerMachine = Readonly<Partial<Record<ServerState | 'terminated', ServerRow>>>
export type ClientMachine = Readonly<Partial<Record<ClientState | 'terminated', ClientRow>>>

const server = (
  next: ServerState | 'terminated',
  ...actions: readonly ServerAction[]
): Transition<ServerState, ServerAction> => ({ next, actions })
const client = (
  next: ClientState | 'terminated',
  ...actions: readonly ClientAction[]
): Transition<ClientState, ClientAction> => ({ next, actions })

/**
 * RFC 6026 figure 5 (which replaces figure 7 of RFC 3261). Accepted and Confirmed are held, and end with the hold (timers L and I). A
 * transport that fails in Accepted tells nobody: the response has its way, and another may come by the next.
 */
export const inviteServer = {
  proceeding: {
    request: server('proceeding', 'sendAgain'),
    provisional: server('proceeding', 'send'),
    success: server('accepted', 'absorbL', 'send'),
    failure: server('completed', 'startH', 'startG', 'send'),
    transportError: server('terminated', 'endFailed'),
    abandon: server('terminated', 'end'),
  },
  accepted: {
    request: server('accepted'),
    success: server('accepted', 'send'),
    ack: server('accepted', 'passAck'),
  },
  completed: {
    request: server('completed', 'sendAgain'),
    retransmit: server('completed', 'sendAgain', 'startG'),
    ack: server('confirmed', 'absorbI'),
    timeout: server('terminated', 'end'),
    transportError: server('terminated', 'end'),
    abandon: server('terminated', 'end'),
  },
  confirmed: { request: server('confirmed'), ack: server('confirmed') },
} satisfies ServerMachine

/** RFC 3261 figure 8. Completed is held, and ends with the hold (timer J). */
export const nonInviteServer = {
  trying: {
    request: server('trying'),
    provisional: server('proceeding', 'send'),
    success: server('completed', 'absorbJ', 'send'),
    failure: server('completed', 'absorbJ', 'send'),
    abandon: server('terminated', 'end'),
  },
  proceeding: {
    request: server('proceeding', 'sendAgain'),
    provisional: server('proceeding', 'send'),
    success: server('completed', 'absorbJ', 'send'),
    failure: server('completed', 'absorbJ', 'send'),
    transportError: server('terminated', 'endFailed'),
  },
  completed: { request: server('completed', 'sendAgain') },
} satisfies ServerMachine

/**
 * RFC 6026 figure 4 (which replaces figure 5 of RFC 3261). Accepted and Completed are held, and end with the hold (timers M and D). Of
 * Proceeding the figure has no transport error: a connection may fail after a response came by another.
 */
export const inviteClient = {
  calling: {
    retransmit: client('calling', 'sendAgain'),
    provisional: client('proceeding', 'stopTimers', 'tell'),
    success: client('accepted', 'absorbM', 'tell'),
    failure: client('completed', 'acknowledge', 'tell'),
    timeout: client('terminated', 'end', 'tellTimeout'),
    transportError: client('terminated', 'end', 'tellFailed'),
    abandon: client('terminated', 'end'),
  },
  proceeding: {
    provisional: client('proceeding', 'tell'),
    success: client('accepted', 'absorbM', 'tell'),
    failure: client('completed', 'acknowledge', 'tell'),
    transportError: client('terminated', 'end', 'tellFailed'),
    abandon: client('terminated', 'end'),
  },
  accepted: { success: client('accepted', 'passOn') },
  completed: { failure: client('completed', 'acknowledgeAgain') },
} satisfies ClientMachine

/**
 * RFC 3261 figure 6, where Completed only absorbs what comes late (timer K). Here that belongs to nothing, and is dropped as that: the
 * transaction ends at once.
 */
export const nonInviteClient = {
  trying: {
    retransmit: client('trying', 'sendAgain'),
    provisional: client('proceeding', 'tell'),
    success: client('terminated', 'end', 'tell'),
    failure: client('terminated', 'end', 'tell'),
    timeout: client('terminated', 'end', 'tellTimeout'),
    transportError: client('terminated', 'end', 'tellFailed'),
    abandon: client('terminated', 'end'),
  },
  proceeding: {
    retransmit: client('proceeding', 'sendAgain'),
    provisional: client('proceeding', 'tell'),
    success: client('terminated', 'end', 'tell'),
    failure: client('terminated', 'end', 'tell'),
    timeout: client('terminated', 'end', 'tellTimeout'),
    transportError: client('terminated', 'end', 'tellFailed'),
    abandon: client('terminated', 'end'),
  },
} satisfies ClientMachine

/**
 * The states that wait for nothing but what comes late: all that is kept of their transactions is a hash, and what is sent again. `code`
 * is what they are kept under.
 */
export const heldStates = {
  serverAccepted: { code: 1, of: 'server', row: inviteServer.accepted },
  serverCompleted: { code: 2, of: 'server', row: nonInviteServer.completed },
  serverConfirmed: { code: 3, of: 'server', row: inviteServer.confirmed },
  clientAccepted: { code: 4, of: 'client', row: inviteClient.accepted },
  clientCompleted: { code: 5, of: 'client', row: inviteClient.completed },
  /** Of a server transaction of another process, which knows what to do with what comes. */
  elsewhere: { code: 6, of: 'elsewhere' },
} as const satisfies Readonly<Record<string, HeldState>>

export type HeldState =
  | { readonly code: number; readonly of: 'server'; readonly row: ServerRow }
  | { readonly code: number; readonly of: 'client'; readonly row: ClientRow }
  | { readonly code: number; readonly of: 'elsewhere' }

const byCode: readonly (HeldState | undefined)[] = Object.values(heldStates).reduce<(HeldState | undefined)[]>(
  (all, state) => {
    all[state.code] = state
    return all
  },
  [],
)

export function heldStateOf(code: number): HeldState | undefined {
  return byCode[code]
}

/** What a response is to a machine. */
export function eventOf(status: number): ResponseEvent {
  return status < 200 ? 'provisional' : status < 300 ? 'success' : 'failure'
}

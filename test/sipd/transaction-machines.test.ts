import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ClientEvent,
  type ClientState,
  inviteClient,
  inviteServer,
  nonInviteClient,
  nonInviteServer,
  type ServerEvent,
  type ServerState,
} from '../../sipd/transaction/machines.ts'
import { headers, kindsOf } from './proxy-support.ts'
import { overTcp, overUdp, transactions } from './transaction-support.ts'

/** By state and event: the next state, then what is sent, told or passed on. What is not named changes nothing. */
type Drawing<State extends string, Event extends string> = Record<State, Partial<Record<Event, string>>>

/** RFC 6026 figure 5. */
const inviteServerDrawing: Drawing<Exclude<ServerState, 'trying'>, ServerEvent> = {
  proceeding: {
    request: 'proceeding 180',
    provisional: 'proceeding 183',
    success: 'accepted 200',
    failure: 'completed 486',
    transportError: 'terminated gone',
    abandon: 'terminated',
  },
  accepted: { request: 'accepted', success: 'accepted 200', ack: 'accepted ACK-passed' },
  completed: {
    request: 'completed 486',
    retransmit: 'completed 486',
    ack: 'confirmed',
    timeout: 'terminated',
    transportError: 'terminated',
    abandon: 'terminated',
  },
  confirmed: { request: 'confirmed', ack: 'confirmed' },
}

/** RFC 3261 figure 8. */
const nonInviteServerDrawing: Drawing<'trying' | 'proceeding' | 'completed', ServerEvent> = {
  trying: {
    request: 'trying',
    provisional: 'proceeding 183',
    success: 'completed 200',
    failure: 'completed 486',
    abandon: 'terminated',
  },
  proceeding: {
    request: 'proceeding 180',
    provisional: 'proceeding 183',
    success: 'completed 200',
    failure: 'completed 486',
    transportError: 'terminated gone',
  },
  completed: { request: 'completed 486' },
}

/** RFC 6026 figure 4; a transport may fail in Proceeding too. */
const inviteClientDrawing: Drawing<Exclude<ClientState, 'trying'>, ClientEvent> = {
  calling: {
    retransmit: 'calling INVITE',
    provisional: 'proceeding told-180',
    success: 'accepted told-200',
    failure: 'completed ACK told-486',
    timeout: 'terminated told-timeout',
    transportError: 'terminated told-transportError',
    abandon: 'terminated',
  },
  proceeding: {
    provisional: 'proceeding told-180',
    success: 'accepted told-200',
    failure: 'completed ACK told-486',
    transportError: 'terminated told-transportError',
    abandon: 'terminated',
  },
  accepted: { success: 'accepted 200' },
  completed: { failure: 'completed ACK' },
}

/** RFC 3261 figure 6, but for Completed: what it absorbs belongs to nothing here, and is dropped as that. */
const nonInviteClientDrawing: Drawing<'trying' | 'proceeding', ClientEvent> = {
  trying: {
    retransmit: 'trying MESSAGE',
    provisional: 'proceeding told-180',
    success: 'terminated told-200',
    failure: 'terminated told-486',
    timeout: 'terminated told-timeout',
    transportError: 'terminated told-transportError',
    abandon: 'terminated',
  },
  proceeding: {
    retransmit: 'proceeding MESSAGE',
    provisional: 'proceeding told-180',
    success: 'terminated told-200',
    failure: 'terminated told-486',
    timeout: 'terminated told-timeout',
    transportError: 'terminated told-transportError',
    abandon: 'terminated',
  },
}

const clientEvents = [
  'provisional',
  'success',
  'failure',
  'retransmit',
  'timeout',
  'transportError',
  'abandon',
] as const
const serverEvents = ['request', 'ack', ...clientEvents] as const
const statusOf = { provisional: 183, success: 200, failure: 486 } as const

/** A server transaction in a state, and what an event does to it. */
function driveServer(method: 'INVITE' | 'MESSAGE', state: ServerState | 'terminated', event: ServerEvent): string {
  // Of a datagram nobody hears that it was lost.
  const hop = event === 'transportError' ? overTcp : overUdp
  const { receive, servers, sent, acks } = transactions()
  receive(method, hop)
  const transaction = servers[0]
  assert.ok(transaction)
  const ack = (): void => {
    const [to] = headers(sent.at(-1)?.text ?? '', 'To')
    receive('ACK', hop, to === undefined ? {} : { To: to })
  }
  // An INVITE is in Proceeding from the beginning; there it has sent something.
  if (state === 'proceeding') transaction.respond(180)
  if (state === 'accepted') transaction.respond(200)
  if (state === 'completed' || state === 'confirmed') transaction.respond(486)
  if (state === 'confirmed') ack()
  if (state === 'terminated') transaction.abandon()
  assert.equal(transaction.state, state)
  let gone = ''
  transaction.onGone = () => {
    gone = ' gone'
  }
  const [sentBefore, acksBefore] = [sent.length, acks.length]
  if (event === 'request') receive(method, hop)
  else if (event === 'ack') ack()
  else if (event === 'retransmit' || event === 'timeout') transaction.onTimer(event)
  else if (event === 'transportError') sent.at(-1)?.fail()
  else if (event === 'abandon') transaction.abandon()
  else transaction.respond(statusOf[event])
  if (servers.length > 1) return 'begun again'
  const passed = acks.length > acksBefore ? ' ACK-passed' : ''
  return [transaction.state, ...kindsOf(sent.slice(sentBefore))].join(' ') + passed + gone
}

/** A client transaction in a state, and what an event does to it. */
function driveClient(method: 'INVITE' | 'MESSAGE', state: ClientState, event: ClientEvent): string {
  const { client, answer, sent, told } = transactions()
  const transaction = client(method, overUdp)
  if (state === 'proceeding') answer(180)
  if (state === 'accepted') answer(200)
  if (state === 'completed') answer(486)
  assert.equal(transaction.state, state)
  const [sentBefore, toldBefore] = [sent.length, told.length]
  if (event === 'retransmit' || event === 'timeout') transaction.onTimer(event)
  else if (event === 'transportError') sent[0]?.fail()
  else if (event === 'abandon') transaction.abandon()
  else answer(event === 'provisional' ? 180 : statusOf[event])
  const news = told.slice(toldBefore).map((what) => `told-${what}`)
  return [transaction.state, ...kindsOf(sent.slice(sentBefore)), ...news].join(' ')
}

function proves<State extends string, Event extends string>(
  drawing: Drawing<State, Event>,
  machine: Readonly<Partial<Record<State, object>>>,
  events: readonly Event[],
  drive: (state: State, event: Event) => string,
): void {
  assert.deepEqual(Object.keys(machine).sort(), Object.keys(drawing).sort())
  for (const state in drawing) {
    for (const event of events) assert.equal(drive(state, event), drawing[state][event] ?? state, `${state}, ${event}`)
    // No row is there that nothing reaches.
    assert.deepEqual(Object.keys(machine[state] ?? {}).sort(), Object.keys(drawing[state]).sort(), state)
  }
}

describe('every event in every state does what the drawing says', () => {
  test('of an INVITE server (RFC 6026 figure 5)', () => {
    proves(inviteServerDrawing, inviteServer, serverEvents, (state, event) => driveServer('INVITE', state, event))
  })
  test('of another server (RFC 3261 figure 8)', () => {
    // It never sees an ACK: that has the key of an INVITE.
    const events = serverEvents.filter((event) => event !== 'ack')
    proves(nonInviteServerDrawing, nonInviteServer, events, (state, event) => driveServer('MESSAGE', state, event))
  })
  test('of an INVITE client (RFC 6026 figure 4)', () => {
    proves(inviteClientDrawing, inviteClient, clientEvents, (state, event) => driveClient('INVITE', state, event))
  })
  test('of another client (RFC 3261 figure 6)', () => {
    proves(nonInviteClientDrawing, nonInviteClient, clientEvents, (state, event) =>
      driveClient('MESSAGE', state, event),
    )
  })
})

test('a server transaction that was abandoned knows nothing of its request, which begins another', () => {
  for (const method of ['INVITE', 'MESSAGE'] as const)
    assert.equal(driveServer(method, 'terminated', 'request'), 'begun again')
})

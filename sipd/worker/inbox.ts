/** What other workers tell this one: each frame read, and handed to who acts on it. */
import type { Hop } from '../message/hop.ts'
import { type ConnectionNews, readConnectionLines } from './connection-lines.ts'
import { decodeHopMessage, type FrameKind, frames } from './frames.ts'
import { type Handover, readHandover } from './handover.ts'

/** Who acts; declared here, implemented by the worker. */
export interface InboxUser {
  /** A message from the network that another worker read. */
  received(octets: Buffer, hop: Hop, readUs: number): void
  /** A message to the network, by a socket or connection of this worker. */
  sendFor(text: string, hop: Hop): void
  heardCalls(payload: Buffer): void
  heardChanges(payload: Buffer): void
  /** Whether the other one has transactions under way on a connection of this one. */
  heldBy(worker: number, connection: string, isHeld: boolean): void
  heardConnections(news: readonly ConnectionNews[]): void
  /** That worker wants to be told of everything from now on. */
  subscribe(worker: number): void
  /** How registrations pass from worker to worker: registration-handover.ts. */
  heardOfRegistrations(worker: number, kind: FrameKind, payload: Buffer): void
  handedOver(handover: Handover): void
}

export function receiveFrame(user: InboxUser, from: number, kind: FrameKind, payload: Buffer): void {
  switch (kind) {
    case frames.received: {
      const message = decodeHopMessage(payload)
      // The payload is the link's memory, which goes on.
      if (message) user.received(Buffer.from(message.octets), message.hop, message.readUs)
      break
    }
    case frames.send: {
      const message = decodeHopMessage(payload)
      if (message) user.sendFor(message.octets.toString('latin1'), message.hop)
      break
    }
    case frames.calls:
      user.heardCalls(payload)
      break
    case frames.changes:
      user.heardChanges(payload)
      break
    case frames.connections:
      user.heardConnections(readConnectionLines(payload))
      break
    case frames.holds: {
      const line = payload.toString('latin1')
      user.heldBy(from, line.slice(1), line.startsWith('+'))
      break
    }
    case frames.subscribe:
      user.subscribe(from)
      break
    case frames.subscribed:
    case frames.askRegistrations:
    case frames.registrations:
    case frames.unwritten:
    case frames.closed:
      user.heardOfRegistrations(from, kind, payload)
      break
    case frames.liveKeys:
    case frames.heldKeys:
      user.handedOver(readHandover(kind, payload))
      break
  }
}

/**
 * What is refused by the header of a PDU alone. A megabyte takes 20 to 60 ms to decode, on the thread that answers managers, and
 * whoever may connect can send one after the other.
 */
import type { FrameHeader } from '../../agentx/decode.ts'
import { agentxError, agentxType } from '../../agentx/pdu.ts'
import { bounds } from '../trust/bounds.ts'
import type { MasterSession } from './master-session.ts'

/** Decoding less is no more work than refusing it. */
const smallPdu = bounds.notification.octets

export type Unread =
  /** With this as res.error; `why` is for the log. */
  | { readonly error: number; readonly why?: string }
  /** A response that nobody waits for. */
  | 'ignored'

/** Undefined for a PDU that is to be read. */
export function unread(
  { type, packetId, payloadLength }: FrameHeader,
  session: MasterSession | undefined,
): Unread | undefined {
  if (payloadLength <= smallPdu) return undefined
  if (type === agentxType.open)
    return payloadLength > bounds.largestOpen ? { error: agentxError.openFailed } : undefined
  if (type === agentxType.response) return session?.awaits(packetId) ? undefined : 'ignored'
  if (!session) return { error: agentxError.notOpen }
  if (type === agentxType.notify)
    return { error: agentxError.processingError, why: 'the notification has too many octets' }
  if (payloadLength > bounds.request)
    return { error: agentxError.processingError, why: 'the request has too many octets' }
  return undefined
}

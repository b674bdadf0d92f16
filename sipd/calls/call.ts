/** A call as an operator sees it, and the identity of its dialog (RFC 3261 §12). */
import { parseAddress } from '../message/address.ts'
import type { SipRequest, SipResponse } from '../message/message.ts'

/** `trying`: nobody rang yet; `ringing`: a provisional response came; `established`: a 2xx went to the caller. */
export type CallState = 'trying' | 'ringing' | 'established'

export interface Call {
  readonly state: CallState
  readonly callId: string
  /** URIs of From and To: who called whom. */
  readonly from: string
  readonly to: string
  /** When the INVITE came, or the 2xx, on the monotonic clock: a wall clock that is set makes no call longer. */
  readonly sinceMs: number
}

const longestDialogId = 1024

/**
 * Call-ID and both tags; the same in both directions. Undefined for a message outside a dialog, and where they are longer than
 * is kept of a call.
 */
export function dialogId(message: SipRequest | SipResponse): string | undefined {
  const from = dialogTag(message.from)
  const to = dialogTag(message.to)
  if (from === undefined || to === undefined) return undefined
  const callId = message.callId
  // A quoted pair may be NUL, and none of these is quoted.
  if (callId.includes('\0') || from.includes('\0') || to.includes('\0')) return undefined
  if (callId.length + from.length + to.length > longestDialogId) return undefined
  return from < to ? `${callId}\0${from}\0${to}` : `${callId}\0${to}\0${from}`
}

/** The URI of a From or To; the whole value where it is not of the grammar. */
export function uriOf(value: string): string {
  return parseAddress(value)?.uri ?? value
}

/** The tag of a From or To, without reading the rest of it: calls are answered by the thousand a second. */
export function dialogTag(value: string): string | undefined {
  const close = value.lastIndexOf('>')
  // As nearly all are: `<URI>;tag=TAG`.
  if (value.startsWith(';tag=', close + 1) && !value.includes(';', close + 6)) return value.slice(close + 6)
  return /;\s*tag\s*=\s*([^;\s]+)/i.exec(value.slice(close + 1))?.[1]
}

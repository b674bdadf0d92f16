/** The timer values of RFC 3261 table 4, as sipd.conf sets them. */
export interface TimerValues {
  /** T1: the estimate of the round trip (SipT1InMs). */
  readonly t1Ms: number
  /** T2: the longest interval between retransmissions of what is no INVITE (SipT2InMs). */
  readonly t2Ms: number
  /** How long a finished transaction absorbs what comes late: 64*T1 (SipT4InMs, which is not the RFC's T4). */
  readonly holdMs: number
  /** How often a request is sent again at most (MaxInviteRetxCount, MaxNonInviteRetxCount). */
  readonly inviteRetransmissions: number
  readonly nonInviteRetransmissions: number
}

export const standardTimers: TimerValues = {
  t1Ms: 500,
  t2Ms: 4000,
  holdMs: 32_000,
  inviteRetransmissions: 6,
  nonInviteRetransmissions: 10,
}

/** Timers B, F and H. */
export function transactionTimeoutMs({ t1Ms }: TimerValues): number {
  return 64 * t1Ms
}

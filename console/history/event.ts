/** What was notified, as the history keeps it: a row of the agent's notification log, decoded. */

export interface NotifiedObject {
  /** With its instance, such as `critAppProcName.1`; the OID where nothing is known of it. */
  readonly name: string
  /** In dots. */
  readonly oid: string
  /** As people read it. */
  readonly text: string
  /** Of numbers, for thresholds and charts. A Counter64 beyond 2^53 loses digits. */
  readonly number?: number
}

export interface NotifiedEvent {
  /** nlmLogIndex: of two events of one log the later one has the higher index, until they begin at 1 again after 2^32. */
  readonly logIndex: number
  readonly atMs: number
  /** snmpTrapOID in dots, and its name. */
  readonly oid: string
  readonly name: string
  /** castellanNotifyText; undefined of what others notified without one. */
  readonly sentence: string | undefined
  readonly objects: readonly NotifiedObject[]
}

/** One that is in the history. */
export interface KeptEvent extends NotifiedEvent {
  /** Ever higher: whoever remembers it can go on behind it. */
  readonly id: number
}

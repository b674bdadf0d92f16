/** What a module may ask of the agent it runs in: to read and to set as a manager would, with the rights of somebody. */

import type { ErrorStatus } from '../smi/error-status.ts'
import type { Oid } from '../smi/oid.ts'
import type { Principal } from '../smi/principal.ts'
import type { SnmpValue, Varbind } from '../smi/value.ts'

/** Why it was not done: the status a manager would have got, which varbind is to blame (from 1), and one sentence. */
export interface LocalFailure {
  readonly status: ErrorStatus
  readonly position: number
  readonly sentence: string
}

/** One object of several that were asked for, each for itself. */
export type LocalObject = Varbind | LocalFailure

export type LocalAnswer = { readonly varbinds: readonly Varbind[] } | LocalFailure

/**
 * Requests from within the master. Each is decided by VACM for the requester and its context, is answered for objects of
 * subagents too, and never rejects. Not to be awaited in `test`, `commit` or `finish`: a SET waits for the one that runs.
 */
export interface LocalAgent {
  /** As GetRequest: noSuchObject and noSuchInstance are values. */
  get(names: readonly Oid[], as: Principal): Promise<LocalAnswer>
  /** As GetNextRequest: endOfMibView is a value. */
  getNext(names: readonly Oid[], as: Principal): Promise<LocalAnswer>
  /**
   * As a GetRequest for each name alone: what is served in this process is given at once, what subagents serve is promised,
   * so that one that is slow keeps nobody else waiting.
   */
  getEach(names: readonly Oid[], as: Principal): readonly (LocalObject | Promise<LocalObject>)[]
  /** The same as GetNextRequest. */
  getNextEach(names: readonly Oid[], as: Principal): readonly (LocalObject | Promise<LocalObject>)[]
  /** The name of an object as people read it, for sentences. */
  format(name: Oid): string
  /** A value as people read it, by the syntax of its object. */
  formatValue(name: Oid, value: SnmpValue): string
  /** As SetRequest, after those that wait already; undefined when it is done. It is in the audit log like any other. */
  set(varbinds: readonly Varbind[], as: Principal): Promise<LocalFailure | undefined>
  /** Sends a notification that no module declares, with its varbinds behind sysUpTime.0 and snmpTrapOID.0. */
  notify(notification: { readonly trapOid: Oid; readonly varbinds: readonly Varbind[] }, sentence: string): void
}

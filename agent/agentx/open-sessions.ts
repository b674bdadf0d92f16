/** The AgentX sessions that are open, by their ID: the master keeps them, and a manager may close one (RFC 2742). */

import type { AgentxConnection } from '../../agentx/connection.ts'
import type { MasterSession } from './master-session.ts'

export interface OpenSession {
  readonly session: MasterSession
  readonly connection: AgentxConnection
  /** Tells the subagent the reason (RFC 2741 §6.2.2), and the log why. */
  close(reason: number, why: string): void
}

export type OpenSessions = Map<number, OpenSession>

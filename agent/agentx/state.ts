/** What the AgentX master has at a moment: connections, sessions and registrations, as AGENTX-MIB shows them. */
import type { Oid } from '../../lib/smi/oid.ts'

/** The master's own account; time-outs are those that are in force, not those that were asked for. */
export interface AgentxState {
  readonly defaultTimeoutMs: number
  readonly connections: readonly {
    readonly index: number
    readonly openTicks: number
    /** A path, or host:port. */
    readonly address: string
    readonly sessions: readonly {
      readonly id: number
      readonly objectId: Oid
      readonly description: string
      readonly openTicks: number
      readonly timeoutMs: number
    }[]
  }[]
  readonly registrations: readonly {
    readonly index: number
    readonly connection: number
    readonly session: number
    readonly subtree: Oid
    readonly rangeSubid: number
    readonly upperBound: number
    readonly priority: number
    readonly timeoutSeconds: number
    readonly isInstance: boolean
  }[]
}

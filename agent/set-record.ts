/** What a SET wanted and what came of it, for the audit log. */

import type { SetVarbind } from '../lib/mib/set.ts'
import type { ErrorStatus } from '../lib/smi/error-status.ts'
import type { Principal } from '../lib/smi/principal.ts'
import type { SnmpValue } from '../lib/smi/value.ts'
import type { Remote } from '../snmp/transport/udp.ts'

export interface SetRecord {
  readonly requester: Principal
  /** Undefined when it came from a module of this agent. */
  readonly remote: Remote | undefined
  readonly varbinds: readonly SetVarbind[]
  /** What the instances held before, in the order of the varbinds; undefined where there was none. */
  readonly before: readonly (SnmpValue | undefined)[]
  /** What the answer said; what no answer says is named as the counter that counts it. */
  readonly status: ErrorStatus | 'snmpUnknownContexts' | 'snmpUnknownPDUHandlers'
  /** Where the status does not say it all, such as which part of access control refused. */
  readonly reason?: string
}

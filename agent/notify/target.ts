/** Where a notification goes: a row of snmpTargetAddrTable together with its parameters and its filter. */

import type { View } from '../../lib/mib/view.ts'
import type { SecurityLevel, SecurityModel } from '../../lib/smi/principal.ts'

export interface NotificationTarget {
  readonly name: string
  readonly kind: 'trap' | 'inform'
  readonly host: string
  readonly port: number
  /** Of an inform: how long an acknowledgement is waited for, and how often more it is sent. */
  readonly timeoutMs: number
  readonly retries: number
  readonly version: 'snmpv1' | 'snmpv2c' | 'snmpv3'
  readonly securityModel: SecurityModel
  readonly securityName: string
  readonly securityLevel: SecurityLevel
  /** Without one, everything is sent (RFC 3413 §6). */
  readonly filter: View | undefined
}

/** What the agent itself notifies, besides its modules. */
import type { Notification } from '../../lib/mib/declare.ts'
import { castellanSubagentLost, castellanSubagentReturned } from './castellan-agent.ts'
import { authenticationFailure, coldStart, warmStart } from './snmpv2-mib.ts'

export const ownNotifications: readonly Notification[] = [
  coldStart,
  warmStart,
  authenticationFailure,
  castellanSubagentLost,
  castellanSubagentReturned,
]

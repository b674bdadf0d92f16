/** The names of everything this project declares, for the tools that people type. */
import * as access from './agent/internal/access-tables.ts'
import * as agentx from './agent/internal/agentx-mib.ts'
import * as castellan from './agent/internal/castellan-agent.ts'
import * as engineMibs from './agent/internal/engine-mibs.ts'
import * as log from './agent/internal/notification-log-tables.ts'
import * as engine from './agent/internal/snmpv2-mib.ts'
import * as targets from './agent/internal/target-tables.ts'
import * as users from './agent/internal/usm-users.ts'
import { anyDefinition, type Definition, type Notification } from './lib/mib/declare.ts'
import { Names } from './lib/mib/names.ts'
import * as critapp from './subagents/critapp/mib.ts'
import * as event from './subagents/event/mib.ts'
import * as host from './subagents/host/mib.ts'
import * as logFiles from './subagents/log/mib.ts'
import * as mib2 from './subagents/mib2/mib.ts'
import * as schedule from './subagents/schedule/mib.ts'
import * as script from './subagents/script/mib.ts'
import * as sip from './subagents/sip/mib.ts'
import * as sysappl from './subagents/sysappl/mib.ts'

const declared: readonly object[] = [
  engine,
  engineMibs,
  users,
  access,
  targets,
  log,
  agentx,
  castellan,
  mib2,
  host,
  critapp,
  logFiles,
  script,
  schedule,
  event,
  sip,
  sysappl,
].flatMap((house) => Object.values<unknown>(house).filter((one) => typeof one === 'object' && one !== null))

export const declaredDefinitions: readonly Definition[] = declared
  .filter((one): one is { entry: readonly number[] } => 'entry' in one)
  .map(anyDefinition)

export const declaredNotifications = declared.filter(
  (one): one is Notification => 'objects' in one && !('entry' in one),
)

export const declaredNames = new Names(declaredDefinitions, declaredNotifications)

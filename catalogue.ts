/** Everything this project declares: the tables and groups of scalars, and the notifications; a test sees to it that none is missing. */

import * as access from './agent/internal/access-tables.ts'
import * as agentx from './agent/internal/agentx-mib.ts'
import * as castellanAgent from './agent/internal/castellan-agent.ts'
import * as engine from './agent/internal/engine-mibs.ts'
import * as notificationLog from './agent/internal/notification-log-tables.ts'
import * as snmpv2 from './agent/internal/snmpv2-mib.ts'
import * as targets from './agent/internal/target-tables.ts'
import * as users from './agent/internal/usm-users.ts'
import { anyDefinition, type Definition, type Notification } from './lib/mib/declare.ts'
import { Names } from './lib/mib/names.ts'
import * as backup from './subagents/backup/mib.ts'
import { drsAlarmTable } from './subagents/backup/mib-alarms.ts'
import { drsJobNodeTable, drsNodeTable } from './subagents/backup/mib-nodes.ts'
import { drsNotifications } from './subagents/backup/notifications.ts'
import * as critapp from './subagents/critapp/mib.ts'
import * as event from './subagents/event/mib.ts'
import * as host from './subagents/host/mib.ts'
import * as log from './subagents/log/mib.ts'
import * as mib2 from './subagents/mib2/mib.ts'
import * as schedule from './subagents/schedule/mib.ts'
import * as script from './subagents/script/mib.ts'
import * as sip from './subagents/sip/mib.ts'
import * as sysappl from './subagents/sysappl/mib.ts'

export const declaredDefinitions: readonly Definition[] = [
  // SNMPv2-MIB
  snmpv2.snmpGroup,
  snmpv2.snmpSet,
  snmpv2.sysOrGroup,
  snmpv2.sysOrTable,
  // SNMP-FRAMEWORK-MIB, SNMP-MPD-MIB, SNMP-USER-BASED-SM-MIB, SNMP-TARGET-MIB
  engine.snmpEngineGroup,
  engine.snmpMpdStats,
  engine.usmStatsGroup,
  engine.snmpTargetCounters,
  // SNMP-USER-BASED-SM-MIB
  users.usmUserTable,
  users.usmUserGroup,
  // SNMP-COMMUNITY-MIB, SNMP-VIEW-BASED-ACM-MIB
  access.snmpCommunityTable,
  access.vacmContextTable,
  access.vacmViews,
  access.vacmSecurityToGroupTable,
  access.vacmAccessTable,
  access.vacmViewTreeFamilyTable,
  // SNMP-TARGET-MIB, SNMP-NOTIFICATION-MIB
  targets.snmpTargetObjects,
  targets.snmpTargetAddrTable,
  targets.snmpTargetParamsTable,
  targets.snmpNotifyTable,
  targets.snmpNotifyFilterProfileTable,
  targets.snmpNotifyFilterTable,
  // NOTIFICATION-LOG-MIB
  notificationLog.nlmConfig,
  notificationLog.nlmConfigLogTable,
  notificationLog.nlmStats,
  notificationLog.nlmStatsLogTable,
  notificationLog.nlmLogTable,
  notificationLog.nlmLogVariableTable,
  // AGENTX-MIB
  agentx.agentxGeneral,
  agentx.agentxConnection,
  agentx.agentxConnectionTable,
  agentx.agentxSession,
  agentx.agentxSessionTable,
  agentx.agentxRegistration,
  agentx.agentxRegistrationTable,
  // CASTELLAN-AGENT-MIB
  castellanAgent.castellanNotify,
  castellanAgent.castellanTargetTable,
  castellanAgent.castellanSubagents,
  castellanAgent.castellanAccountTable,
  castellanAgent.castellanStorage,
  // SNMPv2-MIB (system), IF-MIB, IP-MIB, IP-FORWARD-MIB, TCP-MIB, UDP-MIB
  mib2.icmpGroup,
  mib2.icmpStatsTable,
  mib2.icmpMsgStatsTable,
  mib2.interfacesGroup,
  mib2.ifTable,
  mib2.ifXTable,
  mib2.ifStackTable,
  mib2.ifRcvAddressTable,
  mib2.ifMibObjects,
  mib2.ipGroup,
  mib2.ipv6Group,
  mib2.interfaceTableChanges,
  mib2.ipv4InterfaceTable,
  mib2.ipv6InterfaceTable,
  mib2.ipAddressPrefixTable,
  mib2.ipAddressTable,
  mib2.ipNetToPhysicalTable,
  mib2.ipDefaultRouterTable,
  mib2.ipAddrTable,
  mib2.ipNetToMediaTable,
  mib2.atTable,
  mib2.ipSystemStatsTable,
  mib2.ipTrafficStats,
  mib2.ipIfStatsTable,
  mib2.ipForwardGroup,
  mib2.inetCidrRouteTable,
  mib2.ipRouteTable,
  mib2.tcpGroup,
  mib2.tcpConnTable,
  mib2.tcpConnectionTable,
  mib2.tcpListenerTable,
  mib2.udpGroup,
  mib2.udpTable,
  mib2.udpEndpointTable,
  mib2.systemGroup,
  // HOST-RESOURCES-MIB, CASTELLAN-HOST-MIB
  host.hrSystem,
  host.hrStorage,
  host.hrStorageTable,
  host.hrDeviceTable,
  host.hrProcessorTable,
  host.hrNetworkTable,
  host.hrDiskStorageTable,
  host.hrPartitionTable,
  host.hrFSTable,
  host.hrSWRun,
  host.hrSWRunTable,
  host.hrSWInstalled,
  host.hrSWInstalledTable,
  host.castellanHost,
  host.castellanMountTable,
  host.castellanSampleTable,
  // CASTELLAN-CRITAPP-MIB
  critapp.critAppProcTable,
  critapp.critAppGlobals,
  // CASTELLAN-LOG-MIB
  log.siLogTable,
  log.siLogGlobals,
  // DISMAN-SCRIPT-MIB, CASTELLAN-SCRIPT-MIB
  script.scriptGlobals,
  script.smLangTable,
  script.smExtsnTable,
  script.smScriptTable,
  script.smLaunchTable,
  script.smRunTable,
  // DISMAN-SCHEDULE-MIB, CASTELLAN-SCHEDULE-MIB
  schedule.schedObjects,
  schedule.schedTable,
  // DISMAN-EVENT-MIB, CASTELLAN-EVENT-MIB
  event.castellanEventInstanceTable,
  event.mteEventTable,
  event.mteHotObjects,
  event.mteObjectsTable,
  event.mteResource,
  event.mteTrigger,
  event.mteEvent,
  event.mteTriggerTable,
  // NETWORK-SERVICES-MIB, SIP-COMMON-MIB, SIP-SERVER-MIB, CASTELLAN-SIP-MIB
  sip.applTable,
  sip.sipCommonCfgTable,
  sip.sipCommonPortTable,
  sip.sipCommonMethodSupportedTable,
  sip.sipCommonSummaryStatsTable,
  sip.sipCommonMethodStatsTable,
  sip.sipCommonStatusCodeTable,
  sip.sipCommonTransCurrentTable,
  sip.sipCommonOtherStatsTable,
  sip.sipServerCfgTable,
  sip.sipServerRegCfgTable,
  sip.sipServerRegStatsTable,
  sip.castellanSipRegistrarTable,
  sip.castellanSipMemoryTable,
  sip.castellanSipHoldingTable,
  sip.castellanSipStorage,
  // SYSAPPL-MIB, CASTELLAN-SYSAPPL-MIB
  sysappl.sysApplInstallPkgTable,
  sysappl.sysApplInstallElmtTable,
  sysappl.sysApplRunTable,
  sysappl.sysApplPastRunTable,
  sysappl.sysApplElmtRunTable,
  sysappl.sysApplElmtPastRunTable,
  sysappl.sysApplRun,
  sysappl.sysApplMapTable,
  sysappl.castellanApplPackageTable,
  sysappl.castellanApplElementTable,
  // CASTELLAN-BACKUP-MIB
  backup.drsGlobals,
  backup.drsDeviceTable,
  backup.drsFeatureTable,
  backup.drsComponentTable,
  backup.drsScheduleTable,
  backup.drsScheduleFeatureTable,
  backup.drsJobTable,
  backup.drsJobComponentTable,
  backup.drsHistoryTable,
  backup.drsFileTable,
  drsAlarmTable,
  backup.drsSourceTable,
  drsNodeTable,
  drsJobNodeTable,
].map(anyDefinition)

export const declaredNotifications: readonly Notification[] = [
  // SNMPv2-MIB
  snmpv2.coldStart,
  snmpv2.warmStart,
  snmpv2.authenticationFailure,
  // CASTELLAN-AGENT-MIB
  castellanAgent.castellanSubagentLost,
  castellanAgent.castellanSubagentReturned,
  // SNMPv2-MIB (system), IF-MIB, IP-MIB, IP-FORWARD-MIB, TCP-MIB, UDP-MIB
  mib2.linkDown,
  mib2.linkUp,
  // CASTELLAN-CRITAPP-MIB
  critapp.critAppProcExited,
  critapp.critAppProcStarted,
  critapp.critAppNotAllRunning,
  critapp.critAppAllNowRunning,
  critapp.critAppRestartFailed,
  // CASTELLAN-LOG-MIB
  log.siLogMatchFound,
  log.siLogMaxSizeExceeded,
  log.siLogMaxSizeCleared,
  log.siLogMonitorProblem,
  log.siLogMatchesSummary,
  log.siLogDiskFloorReached,
  log.siLogDiskFloorCleared,
  // DISMAN-SCRIPT-MIB, CASTELLAN-SCRIPT-MIB
  script.smScriptAbort,
  script.smScriptResult,
  script.smScriptException,
  // DISMAN-SCHEDULE-MIB, CASTELLAN-SCHEDULE-MIB
  schedule.schedActionFailure,
  schedule.castellanSchedRunMissed,
  // DISMAN-EVENT-MIB, CASTELLAN-EVENT-MIB
  event.mteTriggerFired,
  event.mteTriggerRising,
  event.mteTriggerFalling,
  event.mteTriggerFailure,
  event.mteEventSetFailure,
  // CASTELLAN-BACKUP-MIB
  ...drsNotifications,
]

/** The names that tools print and take. */
export const declaredNames = new Names(declaredDefinitions, declaredNotifications)

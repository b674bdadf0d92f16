/** AGENTX-MIB (RFC 2742): connections, sessions and registrations of subagents; a session can be closed by setting it down. */

import { closeReason } from '../../agentx/pdu.ts'
import { column, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import {
  enumeration,
  integer32,
  objectIdentifier,
  octetString,
  timeStamp,
  truthValue,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { OpenSessions } from '../agentx/open-sessions.ts'
import type { AgentxState } from '../agentx/state.ts'
import { adminString, transportDomain } from './conventions.ts'

const objects = '1.3.6.1.2.1.74.1'

export const agentxGeneral = defineScalars({
  name: 'agentxGeneral',
  oid: `${objects}.1`,
  objects: {
    agentxDefaultTimeout: column(1, integer32(0, 255)),
    agentxMasterAgentXVer: column(2, integer32(1, 255)),
  },
})

export const agentxConnection = defineScalars({
  name: 'agentxConnection',
  oid: `${objects}.2`,
  objects: { agentxConnTableLastChange: column(1, timeStamp()) },
})

export const agentxConnectionTable = defineTable({
  name: 'agentxConnectionTable',
  oid: `${objects}.2.2`,
  index: { agentxConnIndex: column(1, unsigned32(1), 'not-accessible') },
  columns: {
    agentxConnOpenTime: column(2, timeStamp()),
    agentxConnTransportDomain: column(3, transportDomain()),
    agentxConnTransportAddress: column(4, octetString(0, 255, 'AgentxTAddress')),
  },
})

export const agentxSession = defineScalars({
  name: 'agentxSession',
  oid: `${objects}.3`,
  objects: { agentxSessionTableLastChange: column(1, timeStamp()) },
})

export const agentxSessionTable = defineTable({
  name: 'agentxSessionTable',
  oid: `${objects}.3.2`,
  index: {
    agentxConnIndex: foreignIndex(agentxConnectionTable.columns.agentxConnIndex),
    agentxSessionIndex: column(1, unsigned32(), 'not-accessible'),
  },
  columns: {
    agentxSessionObjectID: column(2, objectIdentifier()),
    agentxSessionDescr: column(3, adminString()),
    agentxSessionAdminStatus: column(4, enumeration({ up: 1, down: 2 }), 'read-write'),
    agentxSessionOpenTime: column(5, timeStamp()),
    agentxSessionAgentXVer: column(6, integer32(1, 255)),
    agentxSessionTimeout: column(7, integer32(0, 255)),
  },
})

export const agentxRegistration = defineScalars({
  name: 'agentxRegistration',
  oid: `${objects}.4`,
  objects: { agentxRegistrationTableLastChange: column(1, timeStamp()) },
})

export const agentxRegistrationTable = defineTable({
  name: 'agentxRegistrationTable',
  oid: `${objects}.4.2`,
  index: {
    agentxConnIndex: foreignIndex(agentxConnectionTable.columns.agentxConnIndex),
    agentxSessionIndex: foreignIndex(agentxSessionTable.columns.agentxSessionIndex),
    agentxRegIndex: column(1, unsigned32(1), 'not-accessible'),
  },
  columns: {
    agentxRegContext: column(2, octetString()),
    agentxRegStart: column(3, objectIdentifier()),
    agentxRegRangeSubId: column(4, unsigned32()),
    agentxRegUpperBound: column(5, unsigned32()),
    agentxRegPriority: column(6, unsigned32()),
    agentxRegTimeout: column(7, integer32(0, 255)),
    agentxRegInstance: column(8, truthValue()),
  },
})

/** transportDomainLocal of TRANSPORT-ADDRESS-MIB (RFC 3419); there is none for AgentX over TCP but its own. */
const transportDomainLocal = oid('1.3.6.1.2.1.100.1.13')
const transportDomainTcpDns = oid('1.3.6.1.2.1.100.1.15')
const nothing = new Uint8Array(0)

/** A session that a manager sets down is closed among those that are open. */
export function agentxModule(open: OpenSessions) {
  const general = serve(agentxGeneral)
  general.table.put({ agentxDefaultTimeout: 5, agentxMasterAgentXVer: 1 })
  const connected = serve(agentxConnection)
  connected.table.put({ agentxConnTableLastChange: 0 })
  const connections = serve(agentxConnectionTable)
  const opened = serve(agentxSession)
  opened.table.put({ agentxSessionTableLastChange: 0 })
  const sessions = serve(agentxSessionTable, {
    commit: ({ after }) => ({
      finish: () => {
        if (after?.agentxSessionAdminStatus === 'down')
          open.get(after.agentxSessionIndex)?.close(closeReason.byManager, 'a manager set it down')
      },
    }),
  })
  const registered = serve(agentxRegistration)
  registered.table.put({ agentxRegistrationTableLastChange: 0 })
  const registrations = serve(agentxRegistrationTable)
  const module: MibModule = {
    name: 'agentx',
    description: 'AGENTX-MIB: subagents and what they serve (RFC 2742)',
    oid: oid('1.3.6.1.2.1.74'),
    tables: [general, connected, connections, opened, sessions, registered, registrations].map(anyServing),
  }
  return {
    module,
    /** Shows what the master says, and when it last was something else. */
    show(state: AgentxState, upTimeTicks: number): void {
      const agentxDefaultTimeout = Math.round(state.defaultTimeoutMs / 1000)
      general.table.put({ agentxDefaultTimeout, agentxMasterAgentXVer: 1 })
      const before = [connections.table.size, sessions.table.size, registrations.table.size]
      connections.table.replaceAll(
        state.connections.map(({ index, openTicks, address }) => ({
          agentxConnIndex: index,
          agentxConnOpenTime: openTicks,
          agentxConnTransportDomain: address.startsWith('/') ? transportDomainLocal : transportDomainTcpDns,
          agentxConnTransportAddress: Buffer.from(address.slice(0, 255)),
        })),
      )
      sessions.table.replaceAll(
        state.connections.flatMap(({ index, sessions: ofConnection }) =>
          ofConnection.map((session) => ({
            agentxConnIndex: index,
            agentxSessionIndex: session.id,
            agentxSessionObjectID: session.objectId.length > 0 ? session.objectId : [0, 0],
            agentxSessionDescr: session.description,
            agentxSessionAdminStatus: 'up' as const,
            agentxSessionOpenTime: session.openTicks,
            agentxSessionAgentXVer: 1,
            agentxSessionTimeout: Math.min(255, Math.round(session.timeoutMs / 1000)),
          })),
        ),
      )
      registrations.table.replaceAll(
        state.registrations.map((one) => ({
          agentxConnIndex: one.connection,
          agentxSessionIndex: one.session,
          agentxRegIndex: one.index,
          agentxRegContext: nothing,
          agentxRegStart: one.subtree,
          agentxRegRangeSubId: one.rangeSubid,
          agentxRegUpperBound: one.upperBound,
          agentxRegPriority: one.priority,
          agentxRegTimeout: one.timeoutSeconds,
          agentxRegInstance: one.isInstance,
        })),
      )
      if (before[0] !== connections.table.size) connected.table.put({ agentxConnTableLastChange: upTimeTicks })
      if (before[1] !== sessions.table.size) opened.table.put({ agentxSessionTableLastChange: upTimeTicks })
      if (before[2] !== registrations.table.size)
        registered.table.put({ agentxRegistrationTableLastChange: upTimeTicks })
    },
  }
}

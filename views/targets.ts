/** Whom the agent of an appliance notifies, and how that goes (SNMP-TARGET-MIB, CASTELLAN-AGENT-MIB). */
import { castellanTargetTable } from '../agent/internal/castellan-agent.ts'
import { snmpTargetAddrTable } from '../agent/internal/target-tables.ts'
import type { Manager } from '../snmp/manager/manager.ts'
import { type WalkedRow, walkTable } from '../snmp/manager/table-walk.ts'
import { readTransport } from '../snmp/transport/transport-address.ts'
import { formatAddress } from '../snmp/transport/udp.ts'

type AddressRow = WalkedRow<typeof snmpTargetAddrTable>
type CountsRow = WalkedRow<typeof castellanTargetTable>

/** In the order in which they need attention. */
const states = ['failing', 'pending', 'sent', 'idle', 'off'] as const
export type TargetState = (typeof states)[number]

export interface Target {
  readonly name: string
  /** Such as `192.0.2.1:162`; undefined where the agent does not show it, or it is of another transport than UDP. */
  readonly address: string | undefined
  /** What selects it, by snmpNotifyTag. */
  readonly tags: readonly string[]
  readonly state: TargetState
  /** Notifications, as all of these; of informs, how many were acknowledged, and how many wait. */
  readonly sent: number
  readonly acknowledged: number
  readonly pending: number
  readonly lost: number
  readonly lastError: string
}

/** Who may read it sees the targets. */
export const targetsObject = castellanTargetTable.columns.castellanTargetSent.oid

export async function readTargets(manager: Manager): Promise<Target[]> {
  const addresses = await walkTable(manager, snmpTargetAddrTable)
  return targetsOf(addresses, await walkTable(manager, castellanTargetTable))
}

/** What needs attention first. */
export function targetsOf(addresses: readonly AddressRow[], counts: readonly CountsRow[]): Target[] {
  const targets = addresses.map((row) =>
    targetOf(
      row,
      counts.find(({ snmpTargetAddrName }) => snmpTargetAddrName === row.snmpTargetAddrName),
    ),
  )
  return targets.sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state))
}

function targetOf(row: AddressRow, counts: CountsRow | undefined): Target {
  const { snmpTargetAddrTDomain: domain, snmpTargetAddrTAddress: octets, snmpTargetAddrTagList: tags = '' } = row
  const address = domain && octets && readTransport(domain, octets)
  const found = {
    sent: counts?.castellanTargetSent ?? 0,
    acknowledged: counts?.castellanTargetAcknowledged ?? 0,
    pending: counts?.castellanTargetWaiting ?? 0,
    lost: counts?.castellanTargetLost ?? 0,
    lastError: counts?.castellanTargetLastError ?? '',
  }
  return {
    name: row.snmpTargetAddrName,
    address: address && formatAddress(address),
    tags: tags.split(/\s+/).filter(Boolean),
    state: row.snmpTargetAddrRowStatus === 'active' ? stateOf(found) : 'off',
    ...found,
  }
}

function stateOf({ sent, pending, lastError }: Pick<Target, 'sent' | 'pending' | 'lastError'>): TargetState {
  if (lastError !== '') return 'failing'
  if (pending > 0) return 'pending'
  return sent > 0 ? 'sent' : 'idle'
}

/** What sipd holds in memory of what others send it, as CASTELLAN-SIP-MIB shows it. */
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { castellanSipHoldingTable, castellanSipMemoryTable } from './mib.ts'

interface Budget {
  readonly octets: number
  readonly bound: number
  readonly percent: number
}

export interface SipMemory {
  readonly registrations: Budget
  readonly traffic: Budget
  /** Octets, by the name of the holding. */
  readonly holdings: Readonly<Record<string, number>>
}

const budgets = ['registrations', 'traffic'] as const
const kinds = ['registrations', 'transactions', 'partials', 'queues', 'calls', 'workers'] as const
const largestGauge = 0xffff_ffff

/** `memory` is asked for what there is now, `refused` for how often there was no room for more of a holding. */
export function memoryTables(
  applIndex: number,
  memory: () => SipMemory,
  refused: (holding: string) => number,
): Serving[] {
  const gauge = (octets: number): number => Math.min(largestGauge, octets)
  const budgetTable = serve(castellanSipMemoryTable, {
    live: {
      castellanSipMemoryOctets: ({ castellanSipMemoryBudget }) => gauge(memory()[castellanSipMemoryBudget].octets),
      castellanSipMemoryBound: ({ castellanSipMemoryBudget }) => gauge(memory()[castellanSipMemoryBudget].bound),
      castellanSipMemoryPercent: ({ castellanSipMemoryBudget }) => memory()[castellanSipMemoryBudget].percent,
    },
  })
  for (const castellanSipMemoryBudget of budgets) budgetTable.table.put({ applIndex, castellanSipMemoryBudget })
  const holdingTable = serve(castellanSipHoldingTable, {
    live: {
      castellanSipHoldingOctets: ({ castellanSipHoldingKind }) =>
        gauge(memory().holdings[castellanSipHoldingKind] ?? 0),
      castellanSipHoldingRefused: ({ castellanSipHoldingKind }) => refused(castellanSipHoldingKind),
    },
  })
  for (const castellanSipHoldingKind of kinds) holdingTable.table.put({ applIndex, castellanSipHoldingKind })
  return [anyServing(budgetTable), anyServing(holdingTable)]
}

/** The text of sharedmem_stats_log: the memory of each process of sipd, and what fills it. */
import { formatTable } from './text-table.ts'

export interface ProcessMemory {
  /** `parent` or `worker`. */
  readonly role: string
  readonly pid: number
  readonly generation: number
  readonly rssOctets: number
  readonly heapUsedOctets: number
  readonly heapTotalOctets: number
  /** Buffers beside the heap. */
  readonly externalOctets: number
  /** Transactions at work, and those kept for late retransmissions. */
  readonly liveTransactions: number
  readonly finishedTransactions: number
  readonly bindings: number
  readonly connections: number
}

const columns: readonly (readonly [heading: string, value: (memory: ProcessMemory) => number])[] = [
  ['rss KiB', ({ rssOctets }) => kibi(rssOctets)],
  ['heap used KiB', ({ heapUsedOctets }) => kibi(heapUsedOctets)],
  ['heap KiB', ({ heapTotalOctets }) => kibi(heapTotalOctets)],
  ['external KiB', ({ externalOctets }) => kibi(externalOctets)],
  ['live transactions', ({ liveTransactions }) => liveTransactions],
  ['finished transactions', ({ finishedTransactions }) => finishedTransactions],
  ['bindings', ({ bindings }) => bindings],
  ['connections', ({ connections }) => connections],
]

/** One block: a dated line, a row for each process, a row of sums when there are several, and an empty line. */
export function formatMemory(nowMs: number, processes: readonly ProcessMemory[]): string {
  const rows = [['process', 'generation', ...columns.map(([heading]) => heading)]]
  for (const memory of processes) {
    const values = columns.map(([, value]) => String(value(memory)))
    rows.push([`${memory.role} ${memory.pid}`, String(memory.generation), ...values])
  }
  if (processes.length > 1) {
    const sums = columns.map(([, value]) => String(processes.reduce((sum, memory) => sum + value(memory), 0)))
    rows.push(['all', '', ...sums])
  }
  return `${new Date(nowMs).toISOString()} memory of ${processes.length} processes\n${formatTable(rows)}\n`
}

function kibi(octets: number): number {
  return Math.round(octets / 1024)
}

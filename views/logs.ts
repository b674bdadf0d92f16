/** The log files that an appliance follows, what was found in them and what is wrong with them (CASTELLAN-LOG-MIB). */
import type { Manager } from '../snmp/manager/manager.ts'
import { type WalkedRow, walkTable } from '../snmp/manager/table-walk.ts'
import { siLogTable } from '../subagents/log/mib.ts'

type LogRow = WalkedRow<typeof siLogTable>

/** In the order in which they need attention. */
const attentions = ['failed', 'large', 'followed', 'off'] as const
export type LogAttention = (typeof attentions)[number]

export interface FollowedLog {
  readonly index: number
  readonly description: string
  readonly file: string
  /** Empty where no line is looked for. */
  readonly pattern: string
  readonly attention: LogAttention
  /** siLogOperState: `ok`, or why it cannot be followed. */
  readonly state: NonNullable<LogRow['siLogOperState']> | undefined
  readonly sizeOctets: number
  /** 0 where none is too large. */
  readonly maxSizeOctets: number
  readonly matches: number
  /** ISO 8601; undefined where none matched yet. */
  readonly lastMatch: string | undefined
  readonly rotations: number
  readonly lastError: string
}

/** Who may read it sees the logs. */
export const logsObject = siLogTable.columns.siLogOperState.oid

/** What needs attention first. */
export async function readLogs(manager: Manager): Promise<FollowedLog[]> {
  const logs = (await walkTable(manager, siLogTable)).map(logOf)
  return logs.sort((a, b) => attentions.indexOf(a.attention) - attentions.indexOf(b.attention))
}

export function logOf(row: LogRow): FollowedLog {
  const { siLogLastMatchTime: lastMatch, siLogOperState: state } = row
  return {
    index: row.siLogIndex,
    description: row.siLogDescr ?? '',
    file: row.siLogFileName ?? '',
    pattern: row.siLogRegExp ?? '',
    attention: attentionOf(row),
    state,
    // The two halves of it are unsigned.
    sizeOctets: (row.siLogSizeHigh ?? 0) * 2 ** 32 + (row.siLogSizeLow ?? row.siLogSize ?? 0),
    maxSizeOctets: row.siLogMaxSize ?? 0,
    matches: row.siLogMatches ?? 0,
    lastMatch: lastMatch?.toISOString(),
    rotations: row.siLogRotations ?? 0,
    lastError: row.siLogLastError || row.siLogRotateLastError || '',
  }
}

function attentionOf({ siLogRowStatus: status, siLogOperState: state, siLogSizeState: size }: LogRow): LogAttention {
  if (status !== 'active') return 'off'
  if (state !== 'ok') return 'failed'
  return size === 'above' ? 'large' : 'followed'
}

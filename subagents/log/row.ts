/** A row of siLogTable and the monitor it stands for: one made from the other. */
import { isAbsolute, normalize, sep } from 'node:path'
import type { LiveOf, RowOf } from '../../lib/mib/declare.ts'
import type { siLogTable } from './mib.ts'
import type { Monitor } from './monitor.ts'
import type { MonitorSpec } from './monitor-state.ts'

export type LogRow = RowOf<typeof siLogTable>
/** Columns that the rotator answers for. */
export type RotationColumn = 'siLogRotateLastError'
type LiveColumns = Omit<LiveOf<typeof siLogTable>, RotationColumn>

/** The fields of a line that say where a monitor begins that was never active. */
interface SeedFields {
  readonly siLogOffset?: number
  readonly siLogTail?: Uint8Array
}

const latch = (octets: number): number => Math.min(octets, 0xffff_ffff)
const nothing = new Uint8Array(0)
const dateOf = (ms: number | undefined): Date | undefined => (ms === undefined ? undefined : new Date(ms))

export function specOf(row: LogRow & SeedFields, globalPollSeconds: number): MonitorSpec {
  return {
    index: row.siLogIndex,
    descr: row.siLogDescr,
    fileName: row.siLogFileName,
    regExp: row.siLogRegExp,
    matchStart: row.siLogMatchStart,
    matchStop: row.siLogMatchStop,
    matchCommand: row.siLogMatchCommand,
    matchTrap: row.siLogMatchTrap,
    maxSizeOctets: row.siLogMaxSize,
    maxSizeCommand: row.siLogMaxSizeCommand,
    maxSizeTrap: row.siLogMaxSizeTrap,
    pollSeconds: row.siLogPollInterval || globalPollSeconds,
    seed: { offset: row.siLogOffset ?? 0, tail: row.siLogTail ?? nothing },
  }
}

/** What a row shows of its monitor; a row without one shows that nothing is known. */
export function liveColumns(find: (index: number) => Monitor | undefined): LiveColumns {
  const of = (row: LogRow): Monitor | undefined => find(row.siLogIndex)
  return {
    siLogMatches: (row) => of(row)?.matches ?? 0,
    siLogSize: (row) => latch(of(row)?.sizeOctets ?? 0),
    siLogOffset: (row) => latch(of(row)?.position.offset ?? 0),
    siLogTail: (row) => of(row)?.position.tail ?? nothing,
    siLogSizeHigh: (row) => Math.floor((of(row)?.sizeOctets ?? 0) / 0x1_0000_0000),
    siLogSizeLow: (row) => (of(row)?.sizeOctets ?? 0) % 0x1_0000_0000,
    siLogSizeState: (row) => {
      const monitor = of(row)
      if (!monitor?.isSizeKnown) return 'unknown'
      return monitor.isAbove ? 'above' : 'below'
    },
    siLogOperState: (row) => of(row)?.operState ?? 'noFile',
    siLogLastMatch: (row) => of(row)?.lastMatch ?? '',
    siLogLastMatchTime: (row) => dateOf(of(row)?.lastMatchMs),
    siLogLastPoll: (row) => dateOf(of(row)?.lastPollMs),
    siLogRotations: (row) => of(row)?.rotations ?? 0,
    siLogCommandResult: (row) => of(row)?.commandResult ?? -1,
    siLogLastError: (row) => of(row)?.lastError ?? '',
    siLogFilesLost: (row) => of(row)?.filesLost ?? 0,
    siLogMatchesSummarized: (row) => of(row)?.summarized ?? 0,
  }
}

/** Whether a manager may name this file: it is read with the rights of a daemon that may read everything. */
export function mayBeNamed(fileName: string, folders: readonly string[]): boolean {
  const isPlain = isAbsolute(fileName) && normalize(fileName) === fileName && !fileName.includes('\0')
  return isPlain && folders.some((folder) => fileName.startsWith(folder + sep))
}

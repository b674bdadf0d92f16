/** The floor of free disk: what a file system has, and when its alarm is due and over. */
import { statfs } from 'node:fs/promises'
import { inFolder } from '../../../lib/trust/folder.ts'

export interface DiskSpace {
  /** The same for all folders on one file system. */
  readonly fileSystem: string
  /** What a daemon without privilege can still have. */
  readonly freeOctets: number
  readonly totalOctets: number
}

/** Asks for the file system of a folder; off the main thread. */
export type MeasureDisk = (folder: string) => Promise<DiskSpace>

export const measureDisk: MeasureDisk = (path) =>
  inFolder(path, async (folder) => {
    const { bavail, blocks, bsize } = await folder.call(statfs(folder.at()))
    return { fileSystem: String(folder.stats.dev), freeOctets: bavail * bsize, totalOctets: blocks * bsize }
  })

/** So much above the floor the alarm is over: one that comes and goes with every line helps nobody. */
const clearingShare = 0.05

export class DiskFloor {
  readonly #alarmed = new Set<string>()

  get isAlarmed(): boolean {
    return this.#alarmed.size > 0
  }

  /** An alarm that an earlier process raised: it is not raised again, and is cleared when it is over. */
  recall(fileSystem: string): void {
    this.#alarmed.add(fileSystem)
  }

  /** Whether free space is now reported as too little, or as enough again; undefined when nothing changed. */
  judge({ fileSystem, freeOctets }: DiskSpace, floorOctets: number): 'reached' | 'cleared' | undefined {
    const isAlarmed = this.#alarmed.has(fileSystem)
    if (!isAlarmed && freeOctets < floorOctets) {
      this.#alarmed.add(fileSystem)
      return 'reached'
    }
    if (isAlarmed && freeOctets >= floorOctets * (1 + clearingShare)) {
      this.#alarmed.delete(fileSystem)
      return 'cleared'
    }
    return undefined
  }
}

/** The tape drives of this machine, as drsDeviceTapeId names them. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isMissing } from '../../../lib/errors.ts'

/** What a device's tape is: a drive, or a regular file that stands in for one. */
export const isTapeDrive = (tapeId: string): boolean => tapeId.startsWith('/dev/')

export interface FoundDrive {
  /** Of the device that does not rewind itself (st(4)), such as `/dev/nst0`. */
  readonly path: string
  /** As it names itself; empty where it does not. */
  readonly vendor: string
  readonly model: string
}

/** The drives that the kernel has found. */
export async function tapeDrives(folder = '/sys/class/scsi_tape'): Promise<FoundDrive[]> {
  try {
    const paths = drivesIn(await readdir(folder))
    const found = paths.map(async (path) => {
      const device = join(folder, basename(path), 'device')
      return { path, vendor: await wordsOf(join(device, 'vendor')), model: await wordsOf(join(device, 'model')) }
    })
    return await Promise.all(found)
  } catch (error) {
    if (isMissing(error)) return [] // no driver for tapes is loaded
    throw error
  }
}

async function wordsOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    return ''
  }
}

/** Of `nst0`, `nst0a`, `st0` and so on, one for each drive: the others are the same with other modes. */
export function drivesIn(names: readonly string[]): string[] {
  return names
    .filter((name) => /^nst\d+$/.test(name))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((name) => `/dev/${name}`)
}

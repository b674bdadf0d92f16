/** The thread in which sizes of file systems are asked for: there a mount that hangs holds up nobody. Started by Statfs. */

import { statfsSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { messageOf } from '../../lib/errors.ts'
import { type Octets, pathOf } from '../../lib/text/octets.ts'

/** In blocks of `blockOctets`, inodes in pieces. */
export interface FileSystemSize {
  readonly blockOctets: number
  readonly blocks: number
  readonly freeBlocks: number
  /** Free for those who are not root. */
  readonly availableBlocks: number
  readonly inodes: number
  readonly freeInodes: number
}

export type StatfsReport = { readonly size: FileSystemSize } | { readonly error: string }

parentPort?.on('message', (path: Octets) => parentPort?.postMessage(ask(path)))

function ask(path: Octets): StatfsReport {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(pathOf(path))
    const size = { blockOctets: bsize, blocks, freeBlocks: bfree, availableBlocks: bavail }
    return { size: { ...size, inodes: files, freeInodes: ffree } }
  } catch (error) {
    return { error: messageOf(error) }
  }
}

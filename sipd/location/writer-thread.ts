/** The thread that writes bindings to their file, so that a slow disk holds up nobody. Started by LocationWriter. */
import { parentPort, workerData } from 'node:worker_threads'
import { codeOf, messageOf } from '../../lib/errors.ts'
import { ownThread, workInBackground } from '../../lib/process/background.ts'
import { BindingsFile, inodeOf, moveAsideIfBroken } from './bindings-file.ts'
import { decodeChanges } from './changes.ts'

export interface WriterThreadData {
  readonly path: string
  /** How often rows that have expired are deleted. */
  readonly cleanupEveryMs: number
  /** The file grows no further. */
  readonly mostFileOctets: number | undefined
}

export type WriterOrder =
  /** A part of the next batch, as `encodeChanges` writes it, and which list of BindingsFile.write it belongs to. */
  | { readonly order: 'add'; readonly list: 'changes' | 'refreshes'; readonly part: string }
  /** That was all of it. */
  | {
      readonly order: 'commit'
      readonly nowMs: number
      /** The times in the file are by an earlier setting of the wall clock, and are being written again: nothing expires by them. */
      readonly isRewriting: boolean
    }
  /** No more will come. */
  | { readonly order: 'close' }

export type WriterReport =
  | { readonly result: 'committed'; readonly isNewFile: boolean }
  | { readonly result: 'failed'; readonly error: string; readonly movedTo: string | undefined }

const { path, cleanupEveryMs, mostFileOctets } = workerData as WriterThreadData
let file: BindingsFile | undefined
/** Stays true until the other side has been told. */
let isNewFile = false
/** Monotonic. */
let cleanedAtMs = performance.now()
let batch = emptyBatch()

const self = ownThread()
// The file is behind memory by a fraction of a second anyway.
if (self !== undefined) workInBackground(self)

parentPort!.on('message', (order: WriterOrder) => {
  switch (order.order) {
    case 'add':
      batch[order.list].push(order.part)
      break
    case 'commit': {
      const { changes, refreshes } = batch
      batch = emptyBatch()
      parentPort!.postMessage(commit(changes, refreshes, order))
      break
    }
    case 'close':
      file?.close()
      parentPort!.close()
  }
})

function emptyBatch(): { readonly changes: string[]; readonly refreshes: string[] } {
  return { changes: [], refreshes: [] }
}

type CommitOrder = Extract<WriterOrder, { readonly order: 'commit' }>

function commit(
  changes: readonly string[],
  refreshes: readonly string[],
  { nowMs, isRewriting }: CommitOrder,
): WriterReport {
  const inode = inodeOf(path)
  try {
    if (file?.isCurrent() === false) {
      file.close()
      file = undefined
    }
    if (!file) {
      if (inode === undefined) isNewFile = true
      file = new BindingsFile(path, mostFileOctets === undefined ? {} : { mostOctets: mostFileOctets })
    }
    write(file, changes, refreshes, nowMs)
    if (!isRewriting && performance.now() - cleanedAtMs >= cleanupEveryMs) {
      cleanedAtMs = performance.now()
      file.removeExpired(nowMs)
    }
    const report: WriterReport = { result: 'committed', isNewFile }
    isNewFile = false
    return report
  } catch (error) {
    // Opened again with the next attempt: the reason may have been this very connection.
    file?.close()
    file = undefined
    return { result: 'failed', error: messageOf(error), movedTo: aside(inode, error, nowMs) }
  }
}

function write(open: BindingsFile, changes: readonly string[], refreshes: readonly string[], nowMs: number): void {
  const decoded = [changes, refreshes].map((parts) => parts.flatMap((part) => decodeChanges(part)))
  try {
    open.write(decoded[0]!, decoded[1])
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_FULL') throw error
    // At its bound, or at the disk's: what has expired makes room.
    open.removeExpired(nowMs)
    open.write(decoded[0]!, decoded[1])
  }
}

function aside(inode: number | undefined, error: unknown, nowMs: number): string | undefined {
  try {
    return moveAsideIfBroken(path, inode, error, nowMs)
  } catch {
    return undefined // The next attempt fails on the file as this one did, and comes here again.
  }
}

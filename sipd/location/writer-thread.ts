/** The thread that writes bindings to their file, so that a slow disk holds up nobody. Started by LocationWriter. */
import { parentPort, workerData } from 'node:worker_threads'
import { BindingsFile, inodeOf, moveAsideIfBroken } from './bindings-file.ts'
import { decodeChanges } from './changes.ts'

export interface WriterThreadData {
  readonly path: string
  /** How often rows that have expired are deleted. */
  readonly cleanupEveryMs: number
}

export type WriterOrder =
  /** A part of the next batch, as `encodeChanges` writes it, and which list of BindingsFile.write it belongs to. */
  | { readonly order: 'add'; readonly list: 'changes' | 'refreshes'; readonly part: string }
  /** That was all of it. */
  | { readonly order: 'commit'; readonly nowMs: number }
  /** No more will come. */
  | { readonly order: 'close' }

export type WriterReport =
  | { readonly result: 'committed'; readonly isNewFile: boolean }
  | { readonly result: 'failed'; readonly error: string; readonly movedTo: string | undefined }

const { path, cleanupEveryMs } = workerData as WriterThreadData
let file: BindingsFile | undefined
/** Stays true until the other side has been told. */
let isNewFile = false
let cleanedAtMs: number | undefined
let batch = emptyBatch()

parentPort!.on('message', (order: WriterOrder) => {
  switch (order.order) {
    case 'add':
      batch[order.list].push(order.part)
      break
    case 'commit': {
      const { changes, refreshes } = batch
      batch = emptyBatch()
      parentPort!.postMessage(commit(changes, refreshes, order.nowMs))
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

function commit(changes: readonly string[], refreshes: readonly string[], nowMs: number): WriterReport {
  const inode = inodeOf(path)
  try {
    if (file?.isCurrent() === false) {
      file.close()
      file = undefined
    }
    if (!file) {
      if (inode === undefined) isNewFile = true
      file = new BindingsFile(path)
    }
    file.write(changes.flatMap(decodeChanges), refreshes.flatMap(decodeChanges))
    cleanedAtMs ??= nowMs
    if (nowMs - cleanedAtMs >= cleanupEveryMs) {
      cleanedAtMs = nowMs
      file.removeExpired(nowMs)
    }
    const report: WriterReport = { result: 'committed', isNewFile }
    isNewFile = false
    return report
  } catch (error) {
    // Opened anew with the next attempt: the reason may have been this very connection.
    file?.close()
    file = undefined
    return { result: 'failed', error: (error as Error).message, movedTo: aside(inode, error, nowMs) }
  }
}

function aside(inode: number | undefined, error: unknown, nowMs: number): string | undefined {
  try {
    return moveAsideIfBroken(path, inode, error, nowMs)
  } catch {
    return undefined // The next attempt fails on the file as this one did, and comes here again.
  }
}

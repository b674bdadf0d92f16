/** The thread that writes bindings to their file, so that a slow disk holds up nobody. Started by LocationWriter. */
import { parentPort, workerData } from 'node:worker_threads'
import { BindingsFile, inodeOf, moveAsideIfBroken } from './bindings-file.ts'
import { decodeChanges } from './changes.ts'

export interface WriterThreadData {
  readonly path: string
  /** How often rows that have expired are deleted. */
  readonly cleanupEveryMs: number
}

/** A batch to commit, or that no more will come. */
export type WriterOrder = EncodedBatch | 'close'

/** What BindingsFile.write takes, each list as `encodeChanges` writes it. */
export interface EncodedBatch {
  readonly changes: string
  readonly refreshes: string
  readonly nowMs: number
}

export type WriterReport =
  | { readonly result: 'committed'; readonly isNewFile: boolean }
  | { readonly result: 'failed'; readonly error: string; readonly movedTo: string | undefined }

const { path, cleanupEveryMs } = workerData as WriterThreadData
let file: BindingsFile | undefined
/** Stays true until the other side has been told. */
let isNewFile = false
let cleanedAtMs: number | undefined

parentPort!.on('message', (order: WriterOrder) => {
  if (order === 'close') {
    file?.close()
    parentPort!.close()
    return
  }
  parentPort!.postMessage(commit(order))
})

function commit({ changes, refreshes, nowMs }: EncodedBatch): WriterReport {
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
    file.write(decodeChanges(changes), decodeChanges(refreshes))
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

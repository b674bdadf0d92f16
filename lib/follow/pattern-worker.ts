/** The thread in which regular expressions are tried: one that backtracks for ever stops this thread and nothing else. */
import { parentPort, workerData } from 'node:worker_threads'
import { type PatternJob, progressOf } from './pattern-job.ts'

const progress = progressOf(workerData as SharedArrayBuffer)
const port = parentPort
if (!port) throw new Error('this file is a thread, and no program')

port.on('message', ({ source, start, stop, lines, from }: PatternJob) => {
  const pattern = new RegExp(source)
  // Columns are counted from 1, the last one included; 0 is the line's start or end.
  const first = Math.max(0, start - 1)
  const end = stop === 0 ? undefined : stop
  const isWhole = first === 0 && end === undefined
  const matches: number[] = []
  for (let i = from; i < lines.length; i++) {
    Atomics.store(progress.line, 0, i)
    const line = lines[i] ?? ''
    if (!pattern.test(isWhole ? line : line.slice(first, end))) continue
    matches.push(i)
    // What was found is safe even when a later line stops this thread.
    const count = Atomics.add(progress.matchCount, 0, 1)
    if (count < progress.matches.length) progress.matches[count] = i
  }
  Atomics.store(progress.line, 0, -1) // an answer that is slow to be read is no offence
  port.postMessage(matches)
})
port.postMessage('ready')

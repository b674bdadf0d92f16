/** A writer, a follower that is restarted and killed, and a hand that rotates the log between them: what came of every line. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './appliance.ts'

export interface StressOptions {
  readonly seconds: number
  readonly linesPerSecond: number
  readonly rotations: number
  readonly by: 'rename' | 'copytruncate'
  /** What happens to the follower, evenly spread. */
  readonly ends: readonly NodeJS.Signals[]
}

export interface StressResult {
  readonly written: number
  readonly lost: number
  readonly twice: number
  readonly rotations: number
}

const program = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))

export async function stress(options: StressOptions): Promise<StressResult> {
  const { seconds, linesPerSecond, rotations, by, ends } = options
  const folder = mkdtempSync(join(tmpdir(), 'castellan-stress-'))
  const path = join(folder, 'access_log')
  const out = join(folder, 'seen')
  const state = join(folder, 'state.json')
  const written = seconds * linesPerSecond
  const children: ChildProcess[] = []
  const start = (name: string, ...args: string[]): ChildProcess => {
    const child = fork(program(name), args)
    children.push(child)
    return child
  }
  try {
    const writer = start('log-writer', path, String(written), String(linesPerSecond))
    const done = once(writer, 'exit')
    let follower = start('log-child', path, out, state)
    const rotating = everyPart(seconds, rotations, async (at) => {
      await until(() => statSync(path, { throwIfNoEntry: false }) !== undefined, 5000, 'the log')
      if (by === 'copytruncate') {
        copyFileSync(path, `${path}.${at}`)
        truncateSync(path)
        return
      }
      renameSync(path, `${path}.${at}`)
      const reopened = once(writer, 'message')
      writer.kill('SIGUSR2')
      await reopened
    })
    const ending = everyPart(seconds, ends.length, async (at) => {
      follower.kill(ends[at]!)
      await once(follower, 'exit')
      follower = start('log-child', path, out, state)
    })
    await Promise.all([done, rotating, ending])
    const isSettled = settled(out)
    await until(isSettled, 15_000, 'the end of following')
    follower.kill('SIGTERM')
    await once(follower, 'exit')
    return { written, rotations, ...count(readFileSync(out, 'utf8'), written) }
  } finally {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

async function everyPart(seconds: number, count: number, run: (at: number) => Promise<void>): Promise<void> {
  const partMs = (seconds * 1000) / (count + 1)
  const beganMs = performance.now()
  for (let at = 0; at < count; at++) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, beganMs + partMs * (at + 1) - performance.now())))
    await run(at)
  }
}

/** Whether a file has not grown for three seconds. */
function settled(path: string): () => boolean {
  let size = -1
  let sinceMs = performance.now()
  return () => {
    const now = statSync(path).size
    if (now !== size) {
      size = now
      sinceMs = performance.now()
    }
    return performance.now() - sinceMs > 3000
  }
}

function count(seen: string, written: number): { lost: number; twice: number } {
  const times = new Uint16Array(written)
  for (const [, number] of seen.matchAll(/^line (\d+) of a log/gm)) times[Number(number)]!++
  return { lost: times.filter((n) => n === 0).length, twice: times.filter((n) => n > 1).length }
}

/** A writer, a follower that is restarted and killed, and a hand that rotates the log between them: what came of every line. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
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
  /** Lines that are in the log or in what became of it, and were not seen. */
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
    const kept = linesIn(folder)
    // A follower that a busy machine keeps waiting is no slower than the machine.
    let sizeBefore = -1
    await until(() => {
      const { size } = statSync(out)
      const isSame = size === sizeBefore
      sizeBefore = size
      return !isSame && isIncluded(kept, numbersIn(readFileSync(out, 'utf8')))
    }, 60_000).catch(() => {})
    await until(settled(out), 60_000, 'the end of following')
    follower.kill('SIGTERM')
    await once(follower, 'exit')
    return { written, rotations, ...count(readFileSync(out, 'utf8'), written, kept) }
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

function count(seen: string, written: number, kept: ReadonlySet<number>): { lost: number; twice: number } {
  const times = new Uint16Array(written)
  for (const number of numbersIn(seen)) times[number]!++
  return { lost: [...kept].filter((number) => times[number] === 0).length, twice: times.filter((n) => n > 1).length }
}

/** Of a log that was copied and truncated, what came between the two is in no file any more. */
function linesIn(folder: string): Set<number> {
  const names = readdirSync(folder).filter((name) => name.startsWith('access_log'))
  return new Set(names.flatMap((name) => [...numbersIn(readFileSync(join(folder, name), 'utf8'))]))
}

function isIncluded(wanted: ReadonlySet<number>, found: Iterable<number>): boolean {
  const all = new Set(found)
  return [...wanted].every((number) => all.has(number))
}

function* numbersIn(text: string): Generator<number> {
  for (const [, number] of text.matchAll(/^line (\d+) of a log/gm)) yield Number(number)
}

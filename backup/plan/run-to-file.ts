/** Programs whose output becomes a file, or whose input is one; what they say besides is the reason when they fail. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { describeExit, isSuccess, type ProgramExit } from '../../lib/program/exit.ts'
import type { Program } from '../../lib/program/program.ts'
import { type Argv, startProgram } from '../../lib/program/start.ts'
import { escapeValue } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'

export interface Run {
  readonly argv: Argv
  /** After this it is killed, with all that it has started. */
  readonly limitMs: number
  readonly signal: AbortSignal
}

const graceMs = 5000
const mostErrorOctets = 4096

/** Throws where it does not end with exit code 0. */
export async function runToFile(run: Run, path: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await finish(startProgram({ argv: run.argv, output: file.fd, errors: 'pipe' }), run)
  } finally {
    await file.close()
  }
}

/** Throws where it does not end with exit code 0. */
export async function runFromFile(run: Run, path: string): Promise<void> {
  const program = startProgram({ argv: run.argv, input: 'pipe', errors: 'pipe' })
  // A program that reads nothing breaks the pipe, and how it ends says whether that was well.
  const feeding = program.input ? pipeline(createReadStream(path), program.input).catch(() => {}) : Promise.resolve()
  await finish(program, run)
  await feeding
}

async function finish(program: Program, { argv, limitMs, signal }: Run): Promise<void> {
  let said = ''
  program.errors?.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < mostErrorOctets) said += text
  })
  const end = (): void => void program.end(systemClock, graceMs)
  const timer = setTimeout(end, limitMs)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const exit: ProgramExit = await program.exited
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
  program.closeStreams()
  signal.throwIfAborted()
  if (isSuccess(exit)) return
  const reason = said.trim() === '' ? '' : `: ${escapeValue(said.trim())}`
  throw new Error(`${escapeValue(argv[0])} ${describeExit(exit)}${reason}`)
}

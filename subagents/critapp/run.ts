/** Running a configured command: never by a shell, in a session of its own; whatever goes wrong is one sentence. */
import { type ChildProcess, spawn } from 'node:child_process'
import { type ParsedCommand, parseCommand } from '../../lib/command.ts'
import { describeEnd, explain } from '../../lib/process-end.ts'

/** `output` is a descriptor for what it prints. What cannot even be tried gives the reason. */
export function runCommand(command: ParsedCommand, output?: number): ChildProcess | { readonly reason: string } {
  const to = output ?? 'ignore'
  return start(command, ['ignore', to, to])
}

/** Runs a command whose end is of interest, and nothing else of it. */
export function runToEnd(command: ParsedCommand, on: { done(): void; failed(reason: string): void }): void {
  const child = runCommand(command)
  if ('reason' in child) {
    on.failed(child.reason)
    return
  }
  child.on('error', (error) => on.failed(explain(error)))
  child.on('exit', (code, signal) => (code === 0 ? on.done() : on.failed(describeEnd(code, signal))))
  child.unref()
}

export interface Answer {
  /** Undefined when it could not be run, or a signal or the time ended it. */
  readonly code: number | undefined
  /** The first octets of what it printed. */
  readonly output: string
  /** In words: how it ended, or that it took too long. */
  readonly how: string
}

const maxOutputLength = 64 * 1024
/** A command that has ended may have left somebody who holds its output open. */
const outputAfterEndMs = 200

/** Runs a command for its answer; after so long, or when nobody wants the answer any more, it is killed with its group. */
export function runForAnswer(command: ParsedCommand | string, withinMs: number, signal?: AbortSignal): Promise<Answer> {
  const child = start(typeof command === 'string' ? parseCommand(command) : command, ['ignore', 'pipe', 'pipe'])
  if ('reason' in child) return Promise.resolve({ code: undefined, output: '', how: child.reason })
  return new Promise((resolve) => {
    let output = ''
    let how = ''
    const kill = (why: string) => (): void => {
      how = why
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // ESRCH: it has ended meanwhile
      }
    }
    const timer = setTimeout(kill(`took longer than ${withinMs / 1000} s`), withinMs)
    const onAbort = kill('was not waited for')
    signal?.addEventListener('abort', onAbort, { once: true })
    const finish = (code: number | null, end: string): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve({ code: code ?? undefined, output, how: how || end })
    }
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8')
      stream.on('data', (text: string) => {
        if (output.length < maxOutputLength) output += text
      })
    }
    child.on('error', (error) => finish(null, explain(error)))
    child.on('close', (code, ended) => finish(code, describeEnd(code, ended)))
    child.on('exit', () => {
      setTimeout(() => {
        child.stdout!.destroy()
        child.stderr!.destroy()
      }, outputAfterEndMs)
    })
  })
}

function start(
  command: ParsedCommand,
  stdio: ('ignore' | 'pipe' | number)[],
): ChildProcess | { readonly reason: string } {
  if ('error' in command) return { reason: command.error }
  const [program, ...args] = command.argv
  try {
    // A session of its own: our end, or a Ctrl-C at our terminal, is not its end.
    return spawn(program, args, { detached: true, stdio, cwd: '/' })
  } catch (error) {
    return { reason: explain(error as Error) }
  }
}

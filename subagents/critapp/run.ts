/** Running a configured command: never by a shell, in a session of its own; whatever goes wrong is one sentence. */
import { type ChildProcess, spawn } from 'node:child_process'
import { parseCommand } from '../../lib/command.ts'
import { describeEnd, explain } from '../../lib/process-end.ts'

/** `output` is a descriptor for what it prints. What cannot even be tried gives the reason. */
export function runCommand(command: string, output?: number): ChildProcess | { readonly reason: string } {
  const parsed = parseCommand(command)
  if ('error' in parsed) return { reason: parsed.error }
  const [program, ...args] = parsed.argv
  const to = output ?? 'ignore'
  try {
    // A session of its own: our end, or a Ctrl-C at our terminal, is not its end.
    return spawn(program, args, { detached: true, stdio: ['ignore', to, to], cwd: '/' })
  } catch (error) {
    return { reason: explain(error as Error) }
  }
}

/** Runs a command whose end is of interest, and nothing else of it. */
export function runToEnd(command: string, on: { done(): void; failed(reason: string): void }): void {
  const child = runCommand(command)
  if ('reason' in child) {
    on.failed(child.reason)
    return
  }
  child.on('error', (error) => on.failed(explain(error)))
  child.on('exit', (code, signal) => (code === 0 ? on.done() : on.failed(describeEnd(code, signal))))
  child.unref()
}

/** What became of a process: in words for people, and as the number of its signal. */
import { constants } from 'node:os'

export function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`
}

/** 0 when it ended by itself. */
export function signalNumber(signal: NodeJS.Signals | null): number {
  return signal ? (constants.signals[signal] ?? 0) : 0
}

export function explain(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such program'
  if (code === 'EACCES') return 'the program may not be executed'
  return error.message
}

export function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}

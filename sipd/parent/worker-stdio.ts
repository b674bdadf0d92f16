/**
 * The descriptors that a worker begins with. One of them is high, so that the kernel's table of them has room for connections: to enlarge that
 * of a process with several threads the kernel waits until no processor looks at the old one (expand_files, synchronize_rcu), 10 to
 * 25 ms in which nothing is served, and somebody who opens connections as fast as he can makes it do so again and again.
 */
import { openFileLimit } from '../../lib/proc/limits.ts'

/** Makes a table of twice as many: 128 KB, for a few more than SipTcpMaxTCPConnections has by default. */
const highest = 8192
/** The system moves the others out of the way above it while it starts the worker. */
const kept = 16
const standard = ['inherit', 'inherit', 'inherit', 'ipc'] as const

type Stdio = (typeof standard)[number] | 'ignore' | number

export function workerStdio(limit = openFileLimit()): Stdio[] {
  const high = Math.min(highest, (limit ?? 0) - kept)
  if (high < standard.length) return [...standard]
  const between = Array<'ignore'>(high - standard.length).fill('ignore')
  // Standard input once more, which a worker does not read either.
  return [...standard, ...between, 0]
}

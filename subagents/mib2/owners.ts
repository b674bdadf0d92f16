/** Which process has which socket, as far as this process may look: /proc/PID/fd names the inode of each. */

import { listPids, openFiles, socketInode } from '../../lib/proc/processes.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import type { SystemFiles } from './files.ts'

/** Nothing else waits longer than this for a look at descriptors. */
const sliceMs = 0.5
/** A socket whose process could not be seen is looked for again after this. */
const forgetAfterMs = 60_000
/** Looking takes at most one part in so many of this thread's time, however many processes there are. */
const restPerWork = 50
const restEveryProcesses = 10

export class SocketOwners {
  readonly #files: SystemFiles
  readonly #clock: Clock
  readonly #pids = new Map<number, number>()
  readonly #unseen = new Map<number, number>()
  #isSearching = false

  constructor(files: SystemFiles, clock: Clock) {
    this.#files = files
    this.#clock = clock
  }

  /** RFC 4022, tcpConnectionProcess: 0 when there is no process, or none that can be seen. */
  pidOf(inode: number): number {
    return this.#pids.get(inode) ?? 0
  }

  /**
   * Looks for the processes of sockets that are new among these, and forgets those that are gone. A look goes over all
   * processes, some at a time, and is made only when there is somebody to look for.
   */
  async search(inodes: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    if (this.#isSearching) return
    const nowMs = this.#clock.monotonicMs()
    for (const inode of this.#pids.keys()) if (!inodes.has(inode)) this.#pids.delete(inode)
    for (const [inode, sinceMs] of this.#unseen) {
      if (!inodes.has(inode) || nowMs - sinceMs >= forgetAfterMs) this.#unseen.delete(inode)
    }
    const wanted = new Set<number>()
    for (const inode of inodes) if (!this.#pids.has(inode) && !this.#unseen.has(inode)) wanted.add(inode)
    if (wanted.size === 0) return
    this.#isSearching = true
    try {
      await this.#searchProcesses(wanted, signal)
    } finally {
      this.#isSearching = false
    }
    for (const inode of wanted) this.#unseen.set(inode, nowMs)
  }

  async #searchProcesses(wanted: Set<number>, signal: AbortSignal): Promise<void> {
    // Who has sockets already is the likeliest to have the new ones.
    const likely = new Set(this.#pids.values())
    let pids: number[]
    try {
      pids = listPids(this.#files.root)
    } catch {
      return // no /proc to look in, or none now: sockets show no process
    }
    // And then the youngest: a socket that is new is often of a process that is.
    const others = pids.filter((pid) => !likely.has(pid)).sort((a, b) => b - a)
    let workMs = 0
    for (const [position, pid] of [...pids.filter((pid) => likely.has(pid)), ...others].entries()) {
      if (wanted.size === 0 || signal.aborted) return
      if (position % restEveryProcesses === restEveryProcesses - 1) {
        await pause(this.#clock, workMs * restPerWork, signal)
        workMs = 0
      }
      const start = performance.now()
      await this.#searchProcess(pid, wanted)
      workMs += performance.now() - start
    }
  }

  async #searchProcess(pid: number, wanted: Set<number>): Promise<void> {
    try {
      let sliceEnd = performance.now() + sliceMs
      for (const { target } of openFiles(pid, this.#files.root)) {
        const inode = socketInode(target)
        if (inode !== undefined && wanted.delete(inode)) this.#pids.set(inode, pid)
        if (performance.now() < sliceEnd) continue
        await new Promise(setImmediate)
        sliceEnd = performance.now() + sliceMs
      }
    } catch {
      // It belongs to somebody else, and its sockets show no process.
    }
  }
}

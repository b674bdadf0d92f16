/** Runs that outlived a keeper that was killed: their sessions are written down while they run, and ended at the next start. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Leader, signalSession } from '../../lib/proc/session.ts'

interface Remembered extends Leader {
  /** Numbers of processes mean something until the machine boots again. */
  readonly bootId: string
}

export class Leftovers {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Written before anything is answered, and not synced: what it is about does not outlive the machine either. */
  remember(leader: Leader): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const record: Remembered = { pid: leader.pid, startTicks: leader.startTicks, bootId: bootId() }
    writeFileSync(this.#path(leader), JSON.stringify(record), { mode: 0o600 })
  }

  forget(leader: Leader): void {
    rmSync(this.#path(leader), { force: true })
  }

  /** Ends what is left of earlier runs, and gives how many processes that were. */
  endAll(): number {
    let count = 0
    for (const name of listFolder(this.#folder)) {
      const path = join(this.#folder, name)
      const record = parseRecord(readFileSync(path, 'utf8'))
      if (record?.bootId === bootId()) count += signalSession(record, 'SIGKILL')
      rmSync(path, { force: true })
    }
    return count
  }

  #path({ pid }: Leader): string {
    return join(this.#folder, `${pid}.json`)
  }
}

function parseRecord(text: string): Remembered | undefined {
  try {
    const { pid, startTicks, bootId } = JSON.parse(text) as { [K in keyof Remembered]?: unknown }
    const isWhole = typeof pid === 'number' && typeof startTicks === 'number' && typeof bootId === 'string'
    return isWhole ? { pid, startTicks, bootId } : undefined
  } catch {
    return undefined // it was cut off while it was written
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

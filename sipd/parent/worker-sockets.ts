/** The sockets of workers (sipd/worker/links.ts) that were killed, or whose parent was: nothing else removes them. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Only for who has the lock of sipd, when none of its workers runs. */
export function removeWorkerSockets(folder: string): void {
  for (const name of readdirSync(folder)) if (/^\d+\.sock$/.test(name)) rmSync(join(folder, name), { force: true })
}

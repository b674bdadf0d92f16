/** Folders of users that need no account: an installed appliance has one for each process, and root works beside them. */
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** Of the agent and of sipd, where a test has an appliance as it is installed. */
export const agentUid = 61_001
export const sipdUid = 61_002

/** Only root can make what belongs to others. */
export const onlyRoot = { skip: process.getuid?.() === 0 ? false : 'only root can make files of other users' }

/** A folder of this process, removed when the tests of this file end. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-trust-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function makeFolderOf(uid: number, path: string, mode = 0o755): string {
  mkdirSync(path, { mode })
  chownSync(path, uid, uid)
  return path
}

/** What this process has open. */
export function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
}

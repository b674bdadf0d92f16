/** Everything below a folder that a write would change: names, inodes, sizes, times, modes and owners. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** One line for the folder and each thing in it, in the order of names. */
export function snapshotOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return ['.', ...names].map((name) => {
    const { ino, size, mtimeNs, ctimeNs, mode, uid, gid } = lstatSync(join(folder, name), { bigint: true })
    return [name, ino, size, mtimeNs, ctimeNs, mode, uid, gid].join(' ')
  })
}

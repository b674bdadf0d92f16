/** A folder with all that is in it as values that can be compared. */
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** By path, as octet strings: kind, mode, owner, and content or target. Times of files only, in milliseconds. */
export function treeOf(root: string, isLeftOut: (path: string) => boolean = () => false): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (folder: string): void => {
    for (const name of readdirSync(Buffer.from(`${root}/${folder}`, 'latin1'), { encoding: 'latin1' })) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (isLeftOut(path)) continue
      const at = Buffer.from(`${root}/${path}`, 'latin1')
      const stats = lstatSync(at)
      const traits = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`
      if (stats.isDirectory()) {
        found.set(path, `folder ${traits}`)
        walk(path)
      } else if (stats.isSymbolicLink()) found.set(path, `link ${readlinkSync(at)}`)
      else found.set(path, `file ${traits} ${Math.round(stats.mtimeMs)} ${hashOf(at)}`)
    }
  }
  walk('')
  return found
}

function hashOf(path: Buffer): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

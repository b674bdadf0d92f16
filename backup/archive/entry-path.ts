/** Which paths an archive may have, so that nothing is written where it does not belong. */
import { printable } from '../../lib/text/escape.ts'
import { ArchiveError } from './archive-error.ts'

/** `home/` is the home, `root/` the rest of the machine, `output/` what commands printed. */
export const topFolders = ['home', 'root', 'output'] as const

const mostOctets = 4096

export class EntryPaths {
  /** What is there, by path; folders that only a path below them names included. */
  readonly #kinds = new Map<string, 'folder' | 'file' | 'link' | 'above'>()

  /** Throws ArchiveError where an entry may not be there, or not once more. */
  add(path: string, kind: 'folder' | 'file' | 'link'): void {
    checkForm(path)
    const before = this.#kinds.get(path)
    if (before !== undefined && !(before === 'above' && kind === 'folder'))
      throw forbidden(path, before === 'above' ? 'replaces a folder of entries before it' : 'is there twice')
    for (const folder of foldersAbove(path)) {
      const there = this.#kinds.get(folder)
      if (there === 'link') throw forbidden(path, `would be written through the link ${printable(folder)}`)
      if (there === 'file') throw forbidden(path, `lies below ${printable(folder)}, which is a file`)
      if (there === undefined) this.#kinds.set(folder, 'above')
    }
    this.#kinds.set(path, kind)
  }
}

function checkForm(path: string): void {
  if (path.startsWith('/')) throw forbidden(path, 'is an absolute path')
  const parts = path.split('/')
  if (parts.includes('..')) throw forbidden(path, 'leads out of its folder')
  if (parts.some((part) => part === '' || part === '.')) throw forbidden(path, 'has an empty part')
  if (path.includes('\0') || Buffer.byteLength(path) > mostOctets) throw forbidden(path, 'is no path')
  if (!topFolders.some((top) => top === parts[0]))
    throw forbidden(path, `lies in none of ${topFolders.map((top) => `${top}/`).join(', ')}`)
}

function* foldersAbove(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at)
}

export function forbidden(path: string, what: string): ArchiveError {
  const shown = printable(path).slice(0, 200)
  return new ArchiveError('forbidden', `the archive has ${JSON.stringify(shown)}, which ${what}; nothing was restored`)
}

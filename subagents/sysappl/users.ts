/** Login names of user numbers, from /etc/passwd (passwd(5)), read again when that has changed. */
import { readFile, stat } from 'node:fs/promises'

export class UserNames {
  readonly #path: string
  #names: ReadonlyMap<number, string> = new Map()
  #readAt: number | undefined

  constructor(path = '/etc/passwd') {
    this.#path = path
  }

  /** Keeps the names it has where the file can not be read. */
  async refresh(): Promise<void> {
    try {
      const { mtimeMs } = await stat(this.#path)
      if (mtimeMs === this.#readAt) return
      this.#names = parsePasswd(await readFile(this.#path, 'utf8'))
      this.#readAt = mtimeMs
    } catch {
      // a container may have none: numbers are shown then
    }
  }

  /** The number itself of a user who has no name here. */
  nameOf(user: number): string {
    return this.#names.get(user) ?? String(user)
  }
}

/** Of several names for one number the first, as getpwuid(3) has it. */
export function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , user] = line.split(':')
    if (name && user && /^\d+$/.test(user) && !names.has(Number(user))) names.set(Number(user), name)
  }
  return names
}

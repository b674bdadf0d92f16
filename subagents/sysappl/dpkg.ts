/** What dpkg knows of a package (dpkg(1), deb-control(5)), without reading all that it knows of others. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface DebianPackage {
  readonly version: string
  /** When its files were unpacked last, in milliseconds since 1970. */
  readonly installedMs: number | undefined
}

/** dpkg's status file, kept only while packages are looked up in it. */
export class DpkgStatus {
  readonly #folder: string
  readonly #status: Buffer

  private constructor(folder: string, status: Buffer) {
    this.#folder = folder
    this.#status = status
  }

  /** Undefined where there is no dpkg. */
  static async open(folder: string): Promise<DpkgStatus | undefined> {
    try {
      return new DpkgStatus(folder, await readFile(join(folder, 'status')))
    } catch {
      return undefined
    }
  }

  /** Undefined when it is not installed. */
  async find(name: string): Promise<DebianPackage | undefined> {
    const stanza = findStanza(this.#status, name)
    const version = stanza && fieldOf(stanza, 'Version')
    if (!version || !fieldOf(stanza, 'Status')?.endsWith(' installed')) return undefined
    const lists = [`${name}.list`, `${name}:${fieldOf(stanza, 'Architecture')}.list`]
    for (const list of lists) {
      const found = await stat(join(this.#folder, 'info', list)).catch(() => undefined)
      if (found) return { version, installedMs: found.mtimeMs }
    }
    return { version, installedMs: undefined }
  }
}

/** The paragraph of a package; octets are searched, for the file may have megabytes. */
export function findStanza(status: Buffer, name: string): string | undefined {
  const head = Buffer.from(`Package: ${name}\n`)
  for (let at = status.indexOf(head); at >= 0; at = status.indexOf(head, at + 1)) {
    if (at > 0 && status[at - 1] !== 0x0a) continue
    const end = status.indexOf('\n\n', at)
    return status.toString('utf8', at, end < 0 ? status.length : end)
  }
  return undefined
}

function fieldOf(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1]?.trim()
}

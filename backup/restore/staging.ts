/**
 * What an archive has, before any of it is believed: contents under numbers in a folder of root's, so that no name of an
 * archive ever leads anywhere.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { isZero } from '../archive/holes.ts'
import type { ArchiveVisitor } from '../archive/read-archive.ts'
import type { Piece } from '../archive/sparse-reader.ts'

const blockOctets = 4096

export class Staging implements ArchiveVisitor {
  readonly folder: string
  readonly #numbers = new Map<string, number>()

  private constructor(folder: string) {
    this.folder = folder
  }

  /** In an empty folder. */
  static async create(folder: string): Promise<Staging> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return new Staging(folder)
  }

  async directory(): Promise<void> {}

  async link(): Promise<void> {}

  async file(path: string, octets: number, pieces: AsyncIterable<Piece>): Promise<void> {
    const number = this.#numbers.size + 1
    const file = await open(join(this.folder, String(number)), 'wx', 0o600)
    try {
      // What is not written afterwards is a hole.
      await file.truncate(octets)
      for await (const piece of pieces) await writePiece(file, piece)
    } finally {
      await file.close()
    }
    this.#numbers.set(path, number)
  }

  /** Of a file that the archive has. */
  contentOf(path: string): string {
    const number = this.#numbers.get(path)
    if (number === undefined) throw new Error(`bug: ${path} is not in the archive`)
    return join(this.folder, String(number))
  }
}

/** Whole blocks of zeros stay holes: those of the file at the end of its segments, too. */
async function writePiece(file: FileHandle, { at, octets }: Piece): Promise<void> {
  if (octets.length === blockOctets && isZero(octets)) return
  await file.write(octets, 0, octets.length, at)
}

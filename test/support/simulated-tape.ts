/** A tape in memory, which behaves as st(4) says: writing ends the tape where it was written, and closing writes the mark. */
import type { TapeDrive, TapeReader, TapeWriter } from '../../backup/device/tape/drive.ts'

export class SimulatedTape implements TapeDrive {
  readonly path = '/dev/nst9'
  /** Records of each file. */
  readonly files: Buffer[][] = []
  /** Every movement and opening, in order. */
  readonly moves: string[] = []
  /** Called before each record is written: may throw. */
  beforePut: () => void = () => {}
  #file = 0

  async count(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted()
    this.moves.push('end')
    this.#file = this.files.length
    return this.files.length
  }

  async seek(file: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.moves.push(`file ${file}`)
    if (file > this.files.length) throw Object.assign(new Error('beyond the end of the tape'), { code: 'EIO' })
    this.#file = file
  }

  async read(): Promise<TapeReader> {
    const records = this.files[this.#file] ?? []
    let at = 0
    return { next: async () => records[at++], close: async () => {} }
  }

  async write(): Promise<TapeWriter> {
    const records: Buffer[] = []
    this.files.splice(this.#file, Number.POSITIVE_INFINITY, records)
    return {
      put: async (record) => {
        this.beforePut()
        records.push(Buffer.from(record))
      },
      close: async () => {
        this.#file = this.files.length
      },
    }
  }
}

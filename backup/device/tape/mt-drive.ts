/** A tape drive of this machine: mt(1) moves the tape, since Node has no ioctl(2); records are read and written through its device. */
import { type FileHandle, open } from 'node:fs/promises'
import { describeExit, isSuccess } from '../../../lib/program/exit.ts'
import { runProgram } from '../../../lib/program/run.ts'
import { escapeValue } from '../../../lib/text/escape.ts'
import { type TapeDrive, TapeError, type TapeReader, type TapeWriter } from './drive.ts'

/** From one end of a tape to the other takes minutes. */
const limitMs = 20 * 60_000
/** More than any record of ours. */
const mostRecordOctets = 256 * 1024

export class MtDrive implements TapeDrive {
  readonly path: string
  readonly #mt: string

  constructor(path: string, mt = 'mt') {
    this.path = path
    this.#mt = mt
  }

  async count(signal: AbortSignal): Promise<number> {
    // Records of any length: what is written at once is read at once.
    await this.#run(['setblk', '0'], signal)
    try {
      await this.#run(['eod'], signal)
    } catch (error) {
      // A tape that was never written has no end to go to.
      signal.throwIfAborted()
      const file = await this.#fileNumber(signal)
      if (file === 0) return 0
      throw error
    }
    return this.#fileNumber(signal)
  }

  async seek(file: number, signal: AbortSignal): Promise<void> {
    await this.#run(['rewind'], signal)
    if (file > 0) await this.#run(['fsf', String(file)], signal)
  }

  async read(): Promise<TapeReader> {
    const tape = await this.#open('r')
    return {
      async next() {
        const { bytesRead, buffer } = await tape.read(Buffer.allocUnsafe(mostRecordOctets), 0, mostRecordOctets, null)
        return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
      },
      close: () => tape.close(),
    }
  }

  async write(): Promise<TapeWriter> {
    const tape = await this.#open('r+')
    return {
      async put(record) {
        const { bytesWritten } = await tape.write(record, 0, record.length, null)
        if (bytesWritten !== record.length)
          throw new TapeError(`the drive took ${bytesWritten} of ${record.length} octets`, 'change the tape')
      },
      // The driver writes the mark when what has written is closed.
      close: () => tape.close(),
    }
  }

  async #open(flags: 'r' | 'r+'): Promise<FileHandle> {
    const tape = await open(this.path, flags)
    if ((await tape.stat()).isCharacterDevice()) return tape
    await tape.close()
    throw new TapeError(
      'it is not a tape drive',
      'utils disaster_recovery show_tapeid lists the drives of this machine',
    )
  }

  async #fileNumber(signal: AbortSignal): Promise<number> {
    const status = await this.#run(['status'], signal)
    const file = fileNumberIn(status)
    if (file !== undefined) return file
    throw new TapeError(
      `mt does not say where the tape is: ${escapeValue(status.trim())}`,
      'load a tape, and try again',
    )
  }

  async #run(words: readonly string[], signal: AbortSignal): Promise<string> {
    const argv = [this.#mt, '-f', this.path, ...words] as const
    const { exit, printed } = await runProgram({ argv, limitMs, signal })
    signal.throwIfAborted()
    if (isSuccess(exit)) return printed
    if (exit.kind === 'notStarted')
      throw new TapeError(`mt cannot be run: ${exit.reason}`, 'install it (Debian: apt-get install mt-st)')
    throw new TapeError(
      `mt ${words.join(' ')} ${describeExit(exit)}: ${escapeValue(printed.trim())}`,
      'see that a tape is loaded, and what mt status says',
    )
  }
}

/** Of what `mt status` prints, that of mt-st or of GNU cpio. Undefined where it does not know. */
export function fileNumberIn(status: string): number | undefined {
  const found = /file number\s*=\s*(-?\d+)/i.exec(status)
  const file = Number(found?.[1] ?? -1)
  return file < 0 ? undefined : file
}

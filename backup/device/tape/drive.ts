/** A tape drive as a device uses it: a tape is files one behind the other, each of records, and each with a mark behind it (st(4)). */

export interface TapeReader {
  /** The next record; undefined at the mark behind the file, and where nothing was ever written. */
  next(): Promise<Buffer | undefined>
  close(): Promise<void>
}

export interface TapeWriter {
  /** One record. */
  put(record: Uint8Array): Promise<void>
  /** Writes the mark behind the file. */
  close(): Promise<void>
}

/** Everything rejects with what the system says, or with the signal's reason. */
export interface TapeDrive {
  /** For people. */
  readonly path: string
  /** How many files are on the tape, whole or not. */
  count(signal: AbortSignal): Promise<number>
  /** To the beginning of a file; 0 is the first one. */
  seek(file: number, signal: AbortSignal): Promise<void>
  /** From where the tape stands. */
  read(): Promise<TapeReader>
  /** From where the tape stands; what was behind that is lost. */
  write(): Promise<TapeWriter>
}

/** Something is wrong with the drive or its tape that no error of the system names; `message` says what to do. */
export class TapeError extends Error {
  readonly advice: string

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TapeError'
    this.advice = advice
  }
}

/** An archive, or the list of a set, that is refused; `message` says what is wrong with it. */

export type ArchiveFault =
  /** Octets were changed, or the end is missing. */
  | 'damaged'
  /** None of the keys at hand opens it. */
  | 'wrongKey'
  /** It is signed by a key that is not trusted, or not at all. */
  | 'notSigned'
  /** It has what an archive of ours never has, such as a path with `..`. */
  | 'forbidden'
  /** What it has is not what its signed manifest lists. */
  | 'notListed'
  /** Of another version of the program. */
  | 'version'

export class ArchiveError extends Error {
  readonly fault: ArchiveFault

  constructor(fault: ArchiveFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ArchiveError'
    this.fault = fault
  }
}

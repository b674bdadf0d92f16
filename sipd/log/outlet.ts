/** Where a log goes in the end: a file, a program, or another process of ours. */

export interface Outlet {
  /** For sentences about it: the path, or the program. */
  readonly name: string
  /**
   * Takes the beginning of some whole lines; resolves to how many octets it took, at least one.
   * Rejects when it can take nothing now; it is then asked again later.
   */
  write(octets: Uint8Array): Promise<number>
  /** Opens again what may have been moved aside. Rejects when that cannot be had; what was open then stays. */
  reopen(): Promise<void>
  /** Resolves when nothing of it is open any more. */
  close(): Promise<void>
}

/** Standard output and error of a daemon, which nobody may read any more, or which may be on a full disk. */

/** A stream without a listener ends the process with its error: EPIPE, ENOSPC, EIO. For every program that is to outlive its reader. */
export function outliveStandardStreams(): void {
  // There is no other place to say that these cannot be written.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

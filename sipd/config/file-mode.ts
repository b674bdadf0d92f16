/** Whether others can read a file that holds a secret. */

/**
 * Undefined when only the owner of the file can read it; otherwise the sentence that says what to do.
 * `mode` is that of stat.
 */
export function checkFileMode(path: string, mode: number): string | undefined {
  return (mode & 0o077) === 0 ? undefined : `holds secrets that others can read; run: chmod 600 ${path}`
}

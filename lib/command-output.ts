/** What becomes of a command whose standard output cannot be written: one place for all launchers in bin/. */

/**
 * Runs a command with the arguments of the process, and gives its exit code to the process. When nobody reads its
 * output any more (`| head`) it ends quietly; when the output cannot be written, such as to a full disk, it ends with a
 * sentence and exit code 1.
 */
export async function runCommand(name: string, act: (args: readonly string[]) => Promise<number>): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!endsOnBrokenOutput) return
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`${name}: cannot write standard output: ${error.message}\n`)
    process.exit(1)
  })
  // There is no other place to say that this one cannot be written.
  process.stderr.on('error', () => {})
  process.exitCode = await act(process.argv.slice(2))
}

let endsOnBrokenOutput = true

/** From here on the command acts, and does so to its end whether or not somebody can read of it. */
export function goOnWithoutOutput(): void {
  endsOnBrokenOutput = false
}

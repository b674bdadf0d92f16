/**
 * What commands print: one place for all launchers in bin/. Nothing that they show of others can steer a terminal, and
 * an output that cannot be written ends them.
 */
import { codeOf, messageOf } from '../errors.ts'
import { colouredText, terminalText } from '../text/escape.ts'

/**
 * Runs a command with the arguments of the process, and gives its exit code to the process. When nobody reads its
 * output any more (`| head`) it ends quietly; when the output cannot be written, such as to a full disk, it ends with a
 * sentence and exit code 1.
 */
export async function runCommand(name: string, act: (args: readonly string[]) => Promise<number>): Promise<void> {
  writeUnguarded = guard(process.stdout)
  guard(process.stderr)
  process.stdout.on('error', (error: unknown) => {
    if (!endsOnBrokenOutput) return
    if (codeOf(error) === 'EPIPE') process.exit(0)
    process.stderr.write(`${name}: cannot write standard output: ${messageOf(error)}\n`)
    process.exit(1)
  })
  // There is no other place to say that this one cannot be written.
  process.stderr.on('error', () => {})
  process.exitCode = await act(process.argv.slice(2))
}

/**
 * Whatever is written to the stream from here on has no controls but line ends and tabs. It is the last of two guards: what
 * shows values of others makes them `printable` first, so that they cannot end a line either. Gives what writes past it.
 */
function guard(stream: NodeJS.WriteStream): (text: string) => void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
  const guarded = (chunk: unknown, ...rest: unknown[]): boolean =>
    write(typeof chunk === 'string' ? terminalText(chunk) : chunk, ...rest)
  stream.write = guarded as typeof stream.write
  return write
}

let writeUnguarded = (text: string): void => void process.stdout.write(text)

/** Writes text with the colours that `paint` gave, and no other controls, to standard output. */
export function writePainted(text: string): void {
  writeUnguarded(colouredText(text))
}

/** Shows one line in place of the one that was shown so before; a terminal alone can. */
export function overwriteLine(text: string): void {
  writeUnguarded(`\r${terminalText(text)}\u001b[K`)
}

let endsOnBrokenOutput = true

/** From here on the command acts, and does so to its end whether or not somebody can read of it. */
export function goOnWithoutOutput(): void {
  endsOnBrokenOutput = false
}

/** Runs a program of the command line within this process, with what it wrote. */
import type { ExitCode } from '../../lib/cli/exit-codes.ts'

export interface Ended {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** One at a time: what others write meanwhile would be taken for its own. */
export async function runInProcess(run: () => Promise<ExitCode>): Promise<Ended> {
  const written = { out: '', err: '' }
  const { stdout, stderr } = process
  const [out, err] = [stdout.write, stderr.write]
  stdout.write = (chunk, ...more) => {
    // Octets are the reports of the test runner; programs print text.
    if (typeof chunk !== 'string') return Reflect.apply(out, stdout, [chunk, ...more])
    written.out += chunk
    return true
  }
  stderr.write = (chunk) => {
    written.err += String(chunk)
    return true
  }
  try {
    const code = await run()
    return { code, ...written }
  } finally {
    stdout.write = out
    stderr.write = err
  }
}

/** The first line that a program printed to standard error: with wrong usage, its help follows. */
export function messageIn({ err }: Ended): string {
  return err.split('\n')[0] ?? ''
}

/** One line as Cisco SIP Proxy Server 2.2 printed it: what is done, and how it went. */
import { goOnWithoutOutput } from '../../lib/command-output.ts'

/** Prints `Starting sipd:` and then `[ OK ]` or `[FAILED]`; what `act` throws is thrown on. */
export async function report(doing: string, act: () => Promise<void>): Promise<void> {
  goOnWithoutOutput()
  process.stdout.write(`${`${doing} sipd:`.padEnd(57)}`)
  try {
    await act()
  } catch (error) {
    process.stdout.write(`${coloured('[FAILED]', '31')}\n`)
    throw error
  }
  process.stdout.write(`${coloured('[ OK ]', '32')}\n`)
}

function coloured(mark: string, colour: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${colour}m${mark}\u001b[0m` : mark
}

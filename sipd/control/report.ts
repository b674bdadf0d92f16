/** One line as Cisco SIP Proxy Server 2.2 printed it: what is done, and how it went. */
import { goOnWithoutOutput, writePainted } from '../../lib/cli/command-output.ts'
import { paint } from '../../lib/text/escape.ts'

/** Prints `Starting sipd:` and then `[ OK ]` or `[FAILED]`; what `act` throws is thrown on. */
export async function report(doing: string, act: () => Promise<void>): Promise<void> {
  goOnWithoutOutput()
  process.stdout.write(`${`${doing} sipd:`.padEnd(57)}`)
  try {
    await act()
  } catch (error) {
    writePainted(`${coloured('[FAILED]', 31)}\n`)
    throw error
  }
  writePainted(`${coloured('[ OK ]', 32)}\n`)
}

function coloured(mark: string, colour: number): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? paint(mark, colour) : mark
}

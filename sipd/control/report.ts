/** One line as Cisco SIP Proxy Server 2.2 printed it: what is done, and how it went. */

import { green, painter, red, usesColour } from '../../lib/cli/colour.ts'
import { goOnWithoutOutput, writePainted } from '../../lib/cli/command-output.ts'
import { print } from '../../lib/cli/print.ts'

/** Prints `Starting sipd:` and then `[ OK ]` or `[FAILED]`; what `act` throws is thrown on. */
export async function report(doing: string, act: () => Promise<void>): Promise<void> {
  goOnWithoutOutput()
  const paint = painter(usesColour())
  print(`${doing} sipd:`.padEnd(57))
  try {
    await act()
  } catch (error) {
    writePainted(`${paint('[FAILED]', red)}\n`)
    throw error
  }
  writePainted(`${paint('[ OK ]', green)}\n`)
}

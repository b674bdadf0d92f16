/** An order to the console, over its control socket. */
import { controlSocketOf } from '../../lib/home/control-socket.ts'
import { type Home, requireHome } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import { control } from '../../lib/process/control.ts'
import { daemonOf } from '../../lib/process/daemon-identity.ts'

/** A test waits for servers. */
const answersWithinMs = 120_000

/** Gives what the console says. Throws its own words, or what to do where it does not run. */
export async function orderConsole(home: Home, command: string, words: readonly string[]): Promise<string> {
  requireHome(home)
  requireOwner(home, command)
  if (!daemonOf(home, 'console'))
    throw new Error(
      `the console of ${home.root} does not run; run: castellan start (or: systemctl start castellan-console)`,
    )
  // A word of an order has no space.
  return control(controlSocketOf(home, 'console'), words.map(encodeURIComponent).join(' '), answersWithinMs)
}

/** castellan stop: ends all that runs of a home. */
import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import type { SipdChoice } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { stopHome } from './lifecycle/stop-home.ts'

export const stopCommand = defineCommand({
  name: 'stop',
  summary: 'stop the appliance: subagents, agent, sipd',
  example: 'castellan stop',
  exitCodes: { 0: 'nothing of it runs', 1: 'something does not end, or systemd would start it again' },
  options: {},
  async run({ home }) {
    await stopAll(home)
    return exitCodes.ok
  },
})

/** Resolves when nothing runs. Throws HomeError (4) where this user may not stop it. */
export async function stopAll(home: Home, sipd: SipdChoice = 'stop sipd'): Promise<void> {
  requireHome(home)
  requireOwner(home, 'castellan stop')
  await stopHome(linuxHost(home), sipd)
}

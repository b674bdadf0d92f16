/** castellan start: in front, until Ctrl-C, or with --detach in the background. */
import { defineCommand } from '../../lib/cli/command.ts'
import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { flag } from '../../lib/cli/options.ts'
import { checkHomePath, type Home, initializeHome, isInitialized } from '../../lib/home/home.ts'
import { refuseLaidOut, requireOwner } from '../../lib/home/home-trust.ts'
import { startDetached } from './detached.ts'
import { startInFront } from './front.ts'

export const startCommand = defineCommand({
  name: 'start',
  summary: 'start the appliance: in front, or with --detach in the background',
  example: 'castellan start --detach',
  exitCodes: {
    0: 'it was stopped; with --detach, all that is wanted up is up',
    1: 'it cannot run; with --detach also: it runs, and something that it supervises is not up',
    4: 'files are refused as unsafe, or this user may not',
  },
  options: {
    detach: flag('--detach', 'return when all is up, or cannot be'),
    background: flag('--background', 'what --detach starts', { isHidden: true }),
  },
  run: ({ home, options }) => start(home, options),
})

export interface StartOptions {
  readonly detach: boolean
  /** What --detach starts: no board, and what there is to say in logs/castellan.out as well. */
  readonly background: boolean
}

/** Makes a home where there is none. */
export async function start(home: Home, { detach, background }: StartOptions): Promise<ExitCode> {
  checkHomePath(home)
  if (isInitialized(home)) {
    refuseLaidOut(home, 'start')
    requireOwner(home, 'castellan start')
  } else await initializeHome(home, 0)
  return detach ? startDetached(home) : startInFront(home, background)
}

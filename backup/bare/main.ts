/** What bin/castellan-restore runs. */

import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { runProgram } from '../../lib/cli/program.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { daemonsOf } from '../job/daemons.ts'
import { openDevice } from '../open-device.ts'
import { castellanRestore } from './restore.ts'

const command = castellanRestore({
  openDevice: (settings) => openDevice(settings, { clock: systemClock }),
  services: daemonsOf,
})
export const main = (args: readonly string[]): Promise<ExitCode> =>
  runProgram({ name: command.name, summary: command.summary, commands: command }, args)

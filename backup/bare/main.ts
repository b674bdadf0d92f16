/** What bin/castellan-restore runs. */

import { runCommand } from '../../lib/cli/command-output.ts'
import { runProgram } from '../../lib/cli/program.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { daemonsOf } from '../job/daemons.ts'
import { openDevice } from '../open-device.ts'
import { castellanRestore } from './restore.ts'

const command = castellanRestore({
  openDevice: (settings) => openDevice(settings, { clock: systemClock }),
  services: daemonsOf,
})
await runCommand('castellan-restore', (args) =>
  runProgram({ name: command.name, summary: command.summary, commands: command }, args),
)

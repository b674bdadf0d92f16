/** The commands of `sip`, in the order of its usage. */
import type { Command } from '../../lib/cli/command.ts'
import { type ConfigurationView, configurationCommands } from './configuration.ts'
import { gracefulCommand } from './graceful.ts'
import { callsCommand, registrationsCommand } from './lists.ts'
import { pingCommand } from './ping.ts'
import { restartCommand } from './restart.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { stopCommand } from './stop.ts'
import { txngracefulRestartCommand } from './txngraceful-restart.ts'

export function sipCommands(configuration: ConfigurationView): readonly Command[] {
  return [
    startCommand,
    stopCommand,
    restartCommand,
    gracefulCommand,
    txngracefulRestartCommand,
    statusCommand,
    registrationsCommand,
    callsCommand,
    pingCommand,
    ...configurationCommands(configuration),
  ]
}

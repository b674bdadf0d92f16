/** castellan: looks after an appliance. Its commands, in the order of its help. */
import type { ExitCode } from '../lib/cli/exit-codes.ts'
import { type Program, runProgram } from '../lib/cli/program.ts'
import { programVersion } from '../lib/version.ts'
import { accessCommand } from './access.ts'
import { exitCodeOfSnmp } from './agent/exit-codes.ts'
import { alertsGroup, maintenanceCommand } from './alerts/alerts.ts'
import { incidentsGroup } from './alerts/incidents.ts'
import { appsGroup } from './apps/apps.ts'
import { checkCommand } from './check/check.ts'
import { eventsGroup } from './events/events.ts'
import { historyCommand } from './history/history.ts'
import { notificationsCommand } from './history/notifications.ts'
import { initCommand } from './init/init.ts'
import { logsGroup } from './logs/logs.ts'
import { reloadCommand } from './reload.ts'
import { restartCommand } from './restart.ts'
import { rotateCommand } from './rotate.ts'
import { startCommand } from './start/start.ts'
import { statusCommand } from './status.ts'
import { stopCommand } from './stop.ts'
import { targetsCommand } from './targets.ts'
import { unitsCommand } from './units/units.ts'
import { userGroup } from './user/user.ts'

export const castellanProgram: Program = {
  name: 'castellan',
  summary: 'The keeper of a telephone appliance.',
  version: programVersion(),
  commands: [
    initCommand,
    startCommand,
    stopCommand,
    restartCommand,
    statusCommand,
    reloadCommand,
    checkCommand,
    rotateCommand,
    unitsCommand,
    accessCommand,
    targetsCommand,
    appsGroup,
    eventsGroup,
    historyCommand,
    notificationsCommand,
    incidentsGroup,
    alertsGroup,
    maintenanceCommand,
    logsGroup,
    userGroup,
  ],
  exitCodeOf: exitCodeOfSnmp,
}

export function castellan(args: readonly string[]): Promise<ExitCode> {
  return runProgram(castellanProgram, args)
}

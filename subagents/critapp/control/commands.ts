/** What starts, stops and gracefully restarts a process: its row's commands, or systemctl where the row names a unit. */
import { type ParsedCommand, parseCommand } from '../../../lib/text/command.ts'
import type { ProcessCommand } from '../host/process-host.ts'
import { type Systemctl, unitCommand, unitKill } from '../host/unit.ts'
import type { ProcessSpec } from '../process/process.ts'

export function startCommandOf({ unit, startCommand }: ProcessSpec, systemctl: Systemctl): ProcessCommand {
  return unit === '' ? commandOf(startCommand) : ofUnit(unitCommand(systemctl, 'start', unit))
}

/** Undefined: a signal does it. */
export function terminateCommandOf(
  { unit, terminateCommand }: ProcessSpec,
  systemctl: Systemctl,
): ProcessCommand | undefined {
  if (unit !== '') return ofUnit(unitCommand(systemctl, 'stop', unit))
  return terminateCommand === '' ? undefined : commandOf(terminateCommand)
}

export function gracefulCommandOf({ unit, gracefulCommand }: ProcessSpec, systemctl: Systemctl): ProcessCommand {
  return unit !== '' && gracefulCommand === ''
    ? ofUnit(unitCommand(systemctl, 'reload', unit))
    : commandOf(gracefulCommand)
}

/** All processes of the unit. */
export function unitKillCommand({ unit }: ProcessSpec, systemctl: Systemctl): ProcessCommand {
  return ofUnit(unitKill(systemctl, unit))
}

function commandOf(command: string): ProcessCommand {
  const parsed = parseCommand(command)
  return { text: 'argv' in parsed ? parsed.argv[0] : 'its command cannot be read', parsed, asksSystemd: false }
}

function ofUnit(parsed: ParsedCommand): ProcessCommand {
  return { text: 'argv' in parsed ? parsed.argv.join(' ') : '', parsed, asksSystemd: true }
}

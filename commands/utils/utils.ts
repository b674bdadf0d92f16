/** utils: DRS's name for the commands about backups and restores. */
import type { ExitCode } from '../../lib/cli/exit-codes.ts'
import { type Program, runProgram } from '../../lib/cli/program.ts'
import { backupCommand } from './disaster-recovery/backup.ts'
import { cancelCommand } from './disaster-recovery/cancel.ts'
import { deviceCommand } from './disaster-recovery/device.ts'
import { idleCommand } from './disaster-recovery/idle.ts'
import { historyCommand, showBackupFiles, showRegistration, showTapeId } from './disaster-recovery/lists.ts'
import { nodeCommand } from './disaster-recovery/node.ts'
import { drillCommand, verifyCommand } from './disaster-recovery/others.ts'
import { recoveryKeyCommand } from './disaster-recovery/recovery-key.ts'
import { restoreCommand } from './disaster-recovery/restore.ts'
import { rollbackCommand } from './disaster-recovery/rollback.ts'
import { scheduleCommand } from './disaster-recovery/schedule.ts'
import { statusCommand } from './disaster-recovery/status.ts'

export const utilsProgram: Program = {
  name: 'utils',
  summary: 'Backups of this appliance, and their restores.',
  commands: [
    {
      name: 'disaster_recovery',
      summary: 'back up, restore, and look at what became of it',
      commands: [
        backupCommand,
        restoreCommand,
        statusCommand,
        showBackupFiles,
        cancelCommand,
        showRegistration,
        showTapeId,
        deviceCommand,
        nodeCommand,
        scheduleCommand,
        recoveryKeyCommand,
        historyCommand,
        verifyCommand,
        drillCommand,
        rollbackCommand,
        idleCommand,
      ],
    },
  ],
}

export function utils(args: readonly string[]): Promise<ExitCode> {
  return runProgram(utilsProgram, args)
}

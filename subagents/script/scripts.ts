/** smScriptTable: which scripts there are, and whether each can be run. */
import type { RowOf } from '../../lib/mib/declare.ts'
import { serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { smScriptTable } from './mib.ts'
import { argvOf, type Program } from './program.ts'

export type ScriptRow = RowOf<typeof smScriptTable>

export interface ScriptsContext {
  now(): Date
  /** Whether a script can be run may have changed. */
  changed(): void
}

export function serveScripts({ now, changed }: ScriptsContext) {
  const served = serve(smScriptTable, {
    derive: ({ after }) => ({ ...after, smScriptLastChange: now() }),
    test({ before, after, changes }) {
      const refuse = (column: keyof typeof changes) => ({ status: 'inconsistentValue', column }) as const
      // Code over SNMP (smCodeGroup) is not supported, so there is nothing to be edited.
      if (after && isEditing(after)) return { status: 'wrongValue', column: 'smScriptAdminStatus' }
      const storage = changes.smScriptStorageType
      if (!before && (storage === 'permanent' || storage === 'readOnly')) return refuse('smScriptStorageType')
      if (!before) return undefined
      const isEnabled = before.smScriptOperStatus === 'enabled' && before.smScriptRowStatus === 'active'
      const isLeaving = before.smScriptRowStatus === 'active' && after?.smScriptRowStatus !== 'active'
      if (isLeaving && (isEnabled || before.smScriptStorageType === 'permanent')) return refuse('smScriptRowStatus')
      if (changes.smScriptLanguage !== undefined) {
        // A command that is configured for one language must not be read as another.
        const isBound = before.scriptCommand !== '' && changes.smScriptLanguage !== before.smScriptLanguage
        if (isEnabled || isBound) return refuse('smScriptLanguage')
      }
      return undefined
    },
    commit: ({ before, after }) => ({
      finish: () => {
        if (after && needsLook(before, after)) evaluate(after)
        changed()
      },
    }),
  })

  /** Tries to bring a script to what smScriptAdminStatus asks for. */
  const evaluate = (row: ScriptRow): void => {
    const isWanted = row.smScriptRowStatus === 'active' && row.smScriptAdminStatus === 'enabled'
    const command = isWanted ? argvOf(programOf(row), []) : undefined
    const isUnfit = command !== undefined && 'status' in command
    served.table.patch(row, {
      smScriptOperStatus: isUnfit ? command.status : isWanted ? 'enabled' : 'disabled',
      smScriptError: isUnfit ? truncateUtf8(command.sentence, 255) : '',
    })
  }

  return {
    served,
    evaluateAll: () => {
      for (const row of [...served.table.rows()]) evaluate(row)
    },
    disableAll: () => {
      for (const row of [...served.table.rows()]) served.table.patch(row, { smScriptOperStatus: 'disabled' })
    },
  }
}

/** Code over SNMP (smCodeGroup) is not supported, so there is nothing to be edited. Asked by a SET and of a file. */
export function isEditing({ smScriptAdminStatus }: ScriptRow): boolean {
  return smScriptAdminStatus === 'editing'
}

export function programOf(row: ScriptRow): Program {
  return {
    name: row.smScriptName,
    command: row.scriptCommand,
    language: row.smScriptLanguage,
    niceness: row.scriptNiceness,
    maxOutputOctets: row.scriptMaxOutput,
    maxProcesses: row.scriptMaxProcesses,
  }
}

/** One that is enabled stays so while nothing that matters changes; one that is not may have become fit. */
function needsLook(before: ScriptRow | undefined, after: ScriptRow): boolean {
  if (!before || after.smScriptOperStatus !== 'enabled') return true
  const matters = ['smScriptRowStatus', 'smScriptAdminStatus', 'smScriptLanguage', 'scriptCommand'] as const
  return matters.some((name) => before[name] !== after[name])
}

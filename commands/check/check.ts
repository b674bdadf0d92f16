/** castellan check: reads all configuration files and says what is wrong with them. */
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { flag, json } from '../../lib/cli/options.ts'
import { show } from '../../lib/cli/print.ts'
import { exitCodeOfReport, formatReport } from './finding.ts'
import { checkHome } from './home.ts'

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'read all configuration files and say what is wrong with them; writes nothing',
  example: 'castellan check --strict',
  exitCodes: { 0: 'a start takes these files', 1: 'something is wrong in them', 4: 'a start refuses them as unsafe' },
  options: { json, strict: flag('--strict', 'exit code 1 for warnings too') },
  async run({ home, options }) {
    const found = await checkHome(home)
    show(found, options.json, () => formatReport(found))
    const exitCode = exitCodeOfReport(found)
    return exitCode === exitCodes.ok && options.strict && found.findings.length > 0 ? exitCodes.error : exitCode
  },
})

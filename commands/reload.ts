/** castellan reload: lets the running daemons take changed configuration files, if they are good. */
import { defineCommand } from '../lib/cli/command.ts'
import { json } from '../lib/cli/options.ts'
import { show } from '../lib/cli/print.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { daemonOf } from '../lib/process/daemon-identity.ts'
import { letAgentTake } from './agent/agent-takes.ts'
import { letReload } from './agent/daemons.ts'
import { type CheckReport, exitCodeOfReport, formatReport } from './check/finding.ts'
import { findingsOf, reportOf } from './check/home.ts'

export const reloadCommand = defineCommand({
  name: 'reload',
  summary: 'let the running daemons take changed configuration files, if they are good',
  example: 'castellan reload',
  exitCodes: { 1: 'something is wrong in the files, or the agent does not run', 4: 'the files are refused as unsafe' },
  options: { json },
  async run({ home, options }) {
    const found = await reloadHome(home)
    show(found, options.json, () => formatReport(found))
    return exitCodeOfReport(found)
  },
})

/**
 * Lets the daemons that run take changed files, if these are good; if not, the report says why. The agent, which decides who
 * may do what, has taken its files when this resolves. Throws when it does not run, or does not say that it has.
 */
export async function reloadHome(home: Home): Promise<CheckReport> {
  requireHome(home)
  requireOwner(home, 'castellan reload')
  const subagents = daemonOf(home, 'subagents')
  if (!daemonOf(home, 'agent')) throw new Error('the agent does not run')
  const report = reportOf(await findingsOf(home))
  if (!report.isGood) return report
  if (subagents) letReload(subagents, 'subagents')
  await letAgentTake(home)
  return report
}

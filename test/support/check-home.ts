/** The configuration of a home as the daemons check and start it, within this process. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, type AgentOptions } from '../../agent/agent.ts'
import { agentxSocket } from '../../agent/trust/trust.ts'
import { Subagent } from '../../agentx/subagent.ts'
import { askNode } from '../../backup/node/ask-node.ts'
import { knownFeatures } from '../../backup/plan/features.ts'
import { declaredDefinitions, declaredNames, declaredNotifications } from '../../catalogue.ts'
import { checkAccess } from '../../commands/check/access.ts'
import { type Complaint, formatComplaint, isWarning } from '../../lib/cnf/complaint.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { backupModule } from '../../subagents/backup/index.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { eventModule } from '../../subagents/event/index.ts'
import { eventAgent } from '../../subagents/event/mib.ts'
import { hostModule } from '../../subagents/host/index.ts'
import { ProcessTable } from '../../subagents/host/process-table.ts'
import { logModule } from '../../subagents/log/index.ts'
import { mib2Modules, sysObjectId } from '../../subagents/mib2/index.ts'
import { scheduleModule } from '../../subagents/schedule/index.ts'
import { scheduleAgent } from '../../subagents/schedule/mib.ts'
import { scriptModule } from '../../subagents/script/index.ts'
import { sysapplModule } from '../../subagents/sysappl/index.ts'

/** A new home as `castellan init` makes it, with ports that its daemons would bind. */
export async function newHome(portOffset = 0): Promise<Home> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'check-')))
  await initializeHome(home, portOffset)
  return home
}

/** What is checked, started and stopped alike. */
interface DaemonOfHome {
  check(): Promise<readonly Complaint[]>
  start(): Promise<void>
  stop(): Promise<void>
}

/** With `lean`, without the modules that show the machine and have no rows of their own to break. */
export function agentOf(home: Home, lean = false): DaemonOfHome {
  const processes = new ProcessTable()
  const ofMachine = [
    { ...hostModule({ processes }), file: 'agent/host.cnf' },
    { ...sysapplModule(home, { processes }), file: 'agent/sysappl.cnf' },
  ]
  const options: AgentOptions = {
    home,
    clock: systemClock,
    log: silentLog,
    sysObjectId,
    localNames: [eventAgent.securityName, scheduleAgent.securityName],
    alsoNamed: { definitions: declaredDefinitions, notifications: declaredNotifications },
    modules: [
      ...mib2Modules({}),
      { ...scheduleModule(home, declaredNames), file: 'agent/schedule.cnf' },
      ...(lean ? [] : ofMachine),
      { ...eventModule({ known: declaredNames }), file: 'agent/eventagt.cnf' },
    ],
  }
  let agent: Agent | undefined
  return {
    check: () => Agent.check(options),
    async start() {
      agent = await Agent.create(options)
      await agent.start()
    },
    async stop() {
      await agent?.stop()
    },
  }
}

export function subagentsOf(home: Home): Subagent {
  return new Subagent({
    home,
    clock: systemClock,
    log: silentLog,
    description: 'subagents of a test',
    address: { path: agentxSocket(home, 'subagents') },
    modules: [
      { ...critappModule(home, async () => 200), file: 'subagents/critagt.cnf' },
      { ...logModule(home), file: 'subagents/logagt.cnf' },
      { ...scriptModule(home), file: 'subagents/scripts.cnf' },
      { ...backupModule(home, { knownFeatures, askNode }), file: 'subagents/backup.cnf' },
    ],
    resolveName: (name) => declaredNames.resolve(name),
    secretFiles: ['subagents/backup.cnf'],
  })
}

/** Everything that `castellan check` says of the agent's and the subagents' files, line by line. */
export async function complaintsOf(home: Home): Promise<string[]> {
  const complaints = [...(await agentOf(home).check()), ...(await subagentsOf(home).check())]
  const together = complaints.every(isWarning) ? await checkAccess(home) : []
  return [...complaints, ...together].map(formatComplaint)
}

/** Changes a file of the home for as long as `act` takes. `edit` gives the text that the file is to have. */
export async function withFile<T>(
  home: Home,
  file: string,
  edit: (text: string) => string,
  act: () => Promise<T>,
): Promise<T> {
  const path = join(home.conf, file)
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, edit(before))
  try {
    return await act()
  } finally {
    writeFileSync(path, before)
  }
}

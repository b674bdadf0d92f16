/** The agent's process: builds the agent with the modules that are embedded in it, and runs it. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { declaredDefinitions, declaredNames, declaredNotifications } from '../catalogue.ts'
import { formatComplaint } from '../lib/cnf/complaint.ts'
import { Storage } from '../lib/files/storage.ts'
import { controlSocketOf } from '../lib/home/control-socket.ts'
import { foldersOf } from '../lib/home/home.ts'
import { listenForControl } from '../lib/process/control.ts'
import { checkAndExit, openForCheck } from '../lib/process/daemon-check.ts'
import { type DaemonWork, openDaemon } from '../lib/process/daemon-process.ts'
import { systemClock } from '../lib/time/clock.ts'
import { eventModule } from '../subagents/event/index.ts'
import { eventAgent } from '../subagents/event/mib.ts'
import { samplesPath } from '../subagents/event/samples/read.ts'
import { hostModule } from '../subagents/host/index.ts'
import { ProcessTable } from '../subagents/host/process-table.ts'
import { rpmProgram } from '../subagents/host/rpm.ts'
import { mib2Modules, sysObjectId } from '../subagents/mib2/index.ts'
import { neighbours6Program } from '../subagents/mib2/neighbours6.ts'
import { scheduleModule } from '../subagents/schedule/index.ts'
import { scheduleAgent } from '../subagents/schedule/mib.ts'
import { sysapplModule } from '../subagents/sysappl/index.ts'
import { Agent, type AgentOptions } from './agent.ts'

const { values } = parseArgs({ options: { home: { type: 'string' }, check: { type: 'boolean', default: false } } })
const { home, log, run } = values.check ? openForCheck(values.home) : openDaemon('agent', values.home)
// One scan of /proc for both modules that show processes; the host module runs it.
const processes = new ProcessTable()

const storage = new Storage()
const options: AgentOptions = {
  storage: () => storage.figures,
  home,
  clock: systemClock,
  log,
  sysObjectId,
  localNames: [eventAgent.securityName, scheduleAgent.securityName],
  alsoNamed: { definitions: declaredDefinitions, notifications: declaredNotifications },
  modules: [
    // What only programs can tell, the subagents leave in the run folder.
    ...mib2Modules({ neighbours6: neighbours6Program(foldersOf(home, 'subagents').run).path }),
    { ...scheduleModule(home, declaredNames), file: 'agent/schedule.cnf', isWhole: true },
    {
      ...hostModule({ processes, rpmReport: rpmProgram(foldersOf(home, 'subagents').run).path }),
      file: 'agent/host.cnf',
    },
    { ...sysapplModule(home, { processes }), file: 'agent/sysappl.cnf' },
    // After those whose objects it watches.
    {
      ...eventModule({
        samplesPath: samplesPath(home),
        alarmsPath: join(foldersOf(home, 'agent').data, 'event-alarms.json'),
        known: declaredNames,
      }),
      file: 'agent/eventagt.cnf',
      isWhole: true,
    },
  ],
}

const controlPath = controlSocketOf(home, 'agent')

/** What the commands of `castellan user` say: one word, and the answer tells whether the files are in force. */
async function answer(agent: Agent, [command]: readonly string[]): Promise<string> {
  if (command !== 'reload') throw new Error(`unknown command ${command}; expected reload`)
  const complaints = await agent.reload()
  if (complaints.length > 0) throw new Error(complaints.map(formatComplaint).join('; '))
  return 'reloaded'
}

// Nothing is awaited out here: put together in one file, this is a script (bin/setup).
if (values.check) void checkAndExit(() => Agent.check(options))
else void run(serve)

async function serve(): Promise<DaemonWork> {
  const agent = await Agent.create(options)
  await agent.start()
  // Without it the agent serves all the same; the commands then say that they could not verify.
  await listenForControl(controlPath, (words) => agent.ordered(words, () => answer(agent, words))).catch(
    (error: unknown) => log.error('cannot listen for castellan user', { path: controlPath, error }),
  )
  return {
    async stop() {
      await agent.stop()
      await rm(controlPath, { force: true })
    },
    async reload() {
      await agent.reload()
    },
  }
}

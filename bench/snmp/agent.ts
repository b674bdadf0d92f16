/** The agent as it is measured: the whole of it, in the home given as first argument, with one more table. */
import { Agent } from '../../agent/agent.ts'
import { declaredDefinitions, declaredNotifications } from '../../catalogue.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { createLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { eventAgent } from '../../subagents/event/mib.ts'
import { mib2Modules, sysObjectId } from '../../subagents/mib2/index.ts'
import { scheduleAgent } from '../../subagents/schedule/mib.ts'
import { bigTableModule } from './bigtable.ts'

const home = resolveHome(process.argv[2])
const agent = await Agent.create({
  home,
  clock: systemClock,
  log: createLog({ component: 'bench', level: 'warn', write: (line) => process.stderr.write(line) }),
  sysObjectId,
  // snmpd.cnf names users of modules that are not measured, and objects that other processes serve.
  localNames: [eventAgent.securityName, scheduleAgent.securityName],
  alsoNamed: { definitions: declaredDefinitions, notifications: declaredNotifications },
  modules: [
    ...mib2Modules(),
    { ...critappModule(home, async () => 200), file: 'subagents/critagt.cnf' },
    { module: bigTableModule(), configured: [], file: 'agent/snmpd.cnf' },
  ],
})
await agent.start()
process.on('SIGTERM', () => process.exit(0))

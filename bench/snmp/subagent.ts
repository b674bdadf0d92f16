/** A subagent of ours that serves the big table: home as first argument, socket as second. */
import { Subagent } from '../../agentx/subagent.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { createLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { bigTableModule } from './bigtable.ts'

const subagent = new Subagent({
  home: resolveHome(process.argv[2]),
  clock: systemClock,
  log: createLog({ component: 'bench', level: 'warn', write: (line) => process.stderr.write(line) }),
  description: 'big table',
  address: { path: process.argv[3]! },
  modules: [{ module: bigTableModule(), configured: [], file: 'subagents/bench.cnf' }],
  resolveName: () => undefined,
})
await subagent.start()
setInterval(() => {}, 1 << 30)
process.on('SIGTERM', () => process.exit(0))

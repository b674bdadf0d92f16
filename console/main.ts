/** The console's process: a manager like any other, which receives what the agent notifies. It has no power of its own. */
import { parseArgs } from 'node:util'
import { formatComplaint } from '../lib/cnf/complaint.ts'
import { checkAndExit, openForCheck } from '../lib/process/daemon-check.ts'
import { openDaemon } from '../lib/process/daemon-process.ts'
import { systemClock } from '../lib/time/clock.ts'
import { checkConsole } from './check.ts'
import { Console } from './console.ts'

const { values } = parseArgs({ options: { home: { type: 'string' }, check: { type: 'boolean', default: false } } })
const { home, log, run } = values.check ? openForCheck(values.home) : openDaemon('console', values.home)

if (values.check) await checkAndExit(() => checkConsole(home))

await run(async () => {
  const console = await Console.create({ home, log, clock: systemClock })
  await console.start()
  return {
    stop: () => console.stop(),
    async reload() {
      const complaints = await checkConsole(home)
      for (const complaint of complaints)
        log.error('a file is broken; what was in force stays', { complaint: formatComplaint(complaint) })
      if (complaints.length === 0) log.notice('what console.cnf and history.cnf say comes into force with a restart')
    },
  }
})

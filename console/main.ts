/** The console's process: a manager like any other, which receives what the agent notifies. It has no power of its own. */
import { rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { formatComplaint } from '../lib/cnf/complaint.ts'
import { controlSocketOf } from '../lib/home/control-socket.ts'
import { listenForControl } from '../lib/process/control.ts'
import { checkAndExit, openForCheck } from '../lib/process/daemon-check.ts'
import { openDaemon } from '../lib/process/daemon-process.ts'
import { systemClock } from '../lib/time/clock.ts'
import { checkConsole } from './check.ts'
import { Console } from './console.ts'

const { values } = parseArgs({ options: { home: { type: 'string' }, check: { type: 'boolean', default: false } } })
const { home, log, run } = values.check ? openForCheck(values.home) : openDaemon('console', values.home)

if (values.check) await checkAndExit(() => checkConsole(home))

const controlPath = controlSocketOf(home, 'console')

await run(async () => {
  const console = await Console.create({ home, log, clock: systemClock })
  await console.start()
  await listenForControl(controlPath, (words) => console.obey(words))
  return {
    async stop() {
      await console.stop()
      await rm(controlPath, { force: true })
    },
    async reload() {
      const complaints = await checkConsole(home)
      for (const complaint of complaints)
        log.error('a file is broken; what was in force stays', { complaint: formatComplaint(complaint) })
      if (complaints.length === 0) log.notice('what the files of the console say comes into force with a restart')
    },
  }
})

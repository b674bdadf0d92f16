import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePidFile } from '../../lib/files/pid-file.ts'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { until } from '../support/appliance.ts'
import { processHostContract } from '../support/process-host-contract.ts'
import { Bench } from '../support/supervision.ts'

processHostContract('of this machine', () => {
  const bench = new Bench()
  const lives = join(bench.folder, 'lives')
  copyFileSync('/bin/sleep', lives)
  chmodSync(lives, 0o755)
  return {
    host: bench.host(),
    programs: {
      lives: [lives, '1000'],
      hasWorker: [bench.program(`${lives} 1000 &\n${lives} 1000 &\nwait`, 'has-worker')],
      ends: [bench.program('exit 3', 'ends')],
      leavesWorker: [bench.program(`${lives} 1000 &`, 'leaves-worker')],
    },
    until: (holds, what) => until(holds, 10_000, what),
    writePidFile: async (name, identity) => void (await writePidFile(join(bench.folder, `${name}.pid`), identity)),
    async end() {
      for (const { pid, command } of visibleProcesses())
        if (command.some((word) => word.startsWith(bench.folder))) process.kill(pid, 'SIGKILL')
      await bench.clear()
    },
  }
})

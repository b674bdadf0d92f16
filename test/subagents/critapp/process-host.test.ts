import { ManualClock } from '../../../lib/time/clock.ts'
import { MemoryHost } from '../../support/process-host.ts'
import { processHostContract } from '../../support/process-host-contract.ts'

processHostContract('in memory', () => {
  const clock = new ManualClock()
  const host = new MemoryHost(clock)
  return {
    host,
    programs: {
      lives: [host.program('/opt/lives')],
      hasWorker: [host.program('/opt/has-worker', (self) => void self.fork(['/opt/lives']))],
      leavesWorker: [
        host.program('/opt/leaves-worker', (self) => {
          self.fork(['/opt/lives'])
          self.exit(0)
        }),
      ],
      ends: [host.program('/opt/ends', (self) => self.after(100, () => self.exit(3)))],
    },
    async until(holds, what) {
      for (let steps = 0; steps < 1000; steps++) {
        await new Promise((resolve) => setImmediate(resolve))
        if (holds()) return
        clock.advance(50)
      }
      throw new Error(`${what} did not come`)
    },
    async writePidFile(name, identity) {
      host.pidFiles.set(name, identity)
    },
    async end() {},
  }
})

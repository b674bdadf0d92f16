/**
 * The child of a backup job that talks to a network device (child/serve.ts has what it says). It gives up root before it reads
 * anything.
 */
import { messageOf } from '../../lib/errors.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { giveUpRoot } from '../give-up-root.ts'
import { serveDevice } from './child/serve.ts'
import { SftpDevice } from './sftp/device.ts'

try {
  giveUpRoot()
  await serveDevice({
    input: process.stdin,
    output: process.stdout,
    makeDevice: (settings) => new SftpDevice(settings, commandClock),
  })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}

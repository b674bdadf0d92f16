/**
 * The child of a backup job that talks to a network device (child/serve.ts has what it says). It gives up root before it reads
 * anything.
 */
import { type OnReadOpts, Socket } from 'node:net'
import { errorOf, messageOf } from '../../lib/errors.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { giveUpRoot } from '../give-up-root.ts'
import { serveDevice } from './child/serve.ts'
import { SftpDevice } from './sftp/device.ts'

/** More than the pipe holds at once. */
const inputOctets = 512 * 1024

/** Into one buffer again and again: an upload of gigabytes would make garbage of as many otherwise. */
function takeInput(take: (octets: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onread: OnReadOpts = {
      buffer: Buffer.allocUnsafe(inputOctets),
      callback(count, buffer) {
        try {
          take(Buffer.from(buffer.buffer, buffer.byteOffset, count))
        } catch (error) {
          input.destroy(errorOf(error))
        }
        return true
      },
    }
    const options = { fd: 0, readable: true, writable: false, onread } // the types of Socket leave onread out
    const input = new Socket(options)
    input.once('end', resolve)
    input.once('error', reject)
    input.resume()
  })
}

try {
  giveUpRoot()
  await serveDevice({
    input: takeInput,
    output: process.stdout,
    makeDevice: (settings) => new SftpDevice(settings, commandClock),
  })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}

/**
 * The child of a backup job that talks to a network device (child/serve.ts has what it says). It gives up root before it reads
 * anything: it becomes castellan-backup, or nobody where the system has no such user. In a checkout of one user it is that user.
 */
import { type OnReadOpts, Socket } from 'node:net'
import { errorOf, messageOf } from '../../lib/errors.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { type Account, knownAccount } from '../../lib/users/accounts.ts'
import { becomeForGood, isRoot } from '../../lib/users/privileges.ts'
import { serveDevice } from './child/serve.ts'
import { SftpDevice } from './sftp/device.ts'

/** conf/systemd/sysusers.conf makes it. */
const userName = 'castellan-backup'
/** More than the pipe holds at once. */
const inputOctets = 512 * 1024
/** As Linux has it where /etc/passwd does not. */
const nobody: Account = { name: undefined, uid: 65_534, gid: 65_534 }

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
  if (isRoot()) becomeForGood(knownAccount(userName) ?? knownAccount('nobody') ?? nobody)
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

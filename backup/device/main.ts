/**
 * The child of a backup job that talks to a network device (child/serve.ts has what it says). It gives up root before it reads
 * anything: it becomes castellan-backup, or nobody where the system has no such user. In a checkout of one user it is that user.
 */
import { messageOf } from '../../lib/errors.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { type Account, knownAccount } from '../../lib/users/accounts.ts'
import { becomeForGood, isRoot } from '../../lib/users/privileges.ts'
import { serveDevice } from './child/serve.ts'
import { SftpDevice } from './sftp/device.ts'

/** conf/systemd/sysusers.conf makes it. */
const userName = 'castellan-backup'
/** As Linux has it where /etc/passwd does not. */
const nobody: Account = { name: undefined, uid: 65_534, gid: 65_534 }

try {
  if (isRoot()) becomeForGood(knownAccount(userName) ?? knownAccount('nobody') ?? nobody)
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

/** Whom the children of backup jobs are that talk to the network: nobody who could read a file of ours. */
import { type Account, knownAccount } from '../lib/users/accounts.ts'
import { becomeForGood, isRoot } from '../lib/users/privileges.ts'

/** conf/systemd/sysusers.conf makes it. */
const userName = 'castellan-backup'
/** As Linux has it where /etc/passwd does not. */
const nobody: Account = { name: undefined, uid: 65_534, gid: 65_534 }

/** Becomes castellan-backup, or nobody where the system has no such user. In a checkout of one user it stays that user. */
export function giveUpRoot(): void {
  if (isRoot()) becomeForGood(knownAccount(userName) ?? knownAccount('nobody') ?? nobody)
}

/** Whom sipd runs as when root starts it: what User, Group, the owners of its files and the listeners come to. */
import type { Account } from '../../lib/users/accounts.ts'
import type { Owner } from '../../lib/users/owner.ts'
import { nameOf } from '../../lib/users/privileges.ts'

/** Whom sipd runs as where sipd.conf names nobody and its folders are root's. */
export const defaultUser = 'sipd'

export interface RunAsFacts {
  /** User and Group of sipd.conf, as they are written. */
  readonly user: string | undefined
  readonly group: string | undefined
  /** The account of User, or of the default where there is none; undefined when it does not exist. */
  readonly account: Account | undefined
  /** The number of Group; undefined when it does not exist. */
  readonly groupId: number | undefined
  /** Of sipd.conf; `isOpen`: others than its owner may change it. */
  readonly configuration: Owner & { readonly path: string; readonly isOpen: boolean }
  /** The account of the owner of run/sipd; undefined where that is missing or root's. */
  readonly folderAccount: Account | undefined
  /** Nobody on another machine can reach it. */
  readonly isLoopback: boolean
  /** What this account may not use of the home, and what to run so that it may; undefined when there is nothing. */
  readonly obstacleFor: (account: Account) => string | undefined
}

export type RunAs =
  /** Root is given up for this account. */
  | { readonly kind: 'account'; readonly account: Account }
  /** sipd goes on as root, and says why. */
  | { readonly kind: 'root'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Root believes no word of a file that somebody else may change, but that it is to become that somebody. */
export function runAsOf(facts: RunAsFacts): RunAs {
  const { user, group, configuration, isLoopback } = facts
  const refused = (reason: string): RunAs => ({ kind: 'refused', reason })
  if (configuration.isOpen)
    return refused(`${configuration.path} can be changed by others; run: chmod go-w ${configuration.path}`)
  const account = user === undefined ? (facts.folderAccount ?? facts.account) : facts.account
  if (user !== undefined && !account)
    return refused(`there is no user ${user}; make one, or change User in ${configuration.path}`)
  if (group !== undefined && facts.groupId === undefined)
    return refused(`there is no group ${group}; make one, or change Group in ${configuration.path}`)
  if (configuration.uid !== 0 && account?.uid !== configuration.uid)
    return refused(
      `${configuration.path} belongs to uid ${configuration.uid}, and root would do as it says; run: chown root ${configuration.path}`,
    )
  if (user !== undefined && account?.uid === 0) return { kind: 'root', reason: `User is ${user}` }
  const chosen = account && { ...account, gid: facts.groupId ?? account.gid }
  if (chosen?.gid === 0) return refused('Group would leave sipd in the group of root; name another group')
  const obstacle = chosen ? facts.obstacleFor(chosen) : `there is no user ${defaultUser}`
  if (chosen && obstacle === undefined) return { kind: 'account', account: chosen }
  // In a home whose folders are root's nobody has asked for another user yet.
  const isAsked = user !== undefined || facts.folderAccount !== undefined
  if (!isAsked && isLoopback) return { kind: 'root', reason: `${obstacle}; this serves loopback only` }
  return refused(
    chosen
      ? `cannot run as ${nameOf(chosen)}: ${obstacle}`
      : `sipd does not serve other machines as root, and ${obstacle}; make it, name another in User of ${configuration.path}, or write User root there`,
  )
}

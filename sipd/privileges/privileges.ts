/** What root gives up when it starts sipd, and when: until the ports are open it acts for its account where it can, and then it is gone. */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../lib/cnf/complaint.ts'
import { isMissing } from '../../lib/errors.ts'
import { foldersOf, type Home, HomeError, makeFolders } from '../../lib/home/home.ts'
import { isLoopbackAddress } from '../../lib/net/address.ts'
import type { Account } from '../../lib/users/accounts.ts'
import type { Owner } from '../../lib/users/owner.ts'
import { posixProcess } from '../../lib/users/posix.ts'
import { actAs, becomeForGood, isRoot } from '../../lib/users/privileges.ts'
import type { SipdConfig } from '../config/directives.ts'
import { inspectConfig } from '../config/read.ts'
import { foldersMistake, takeFolders } from './folders.ts'
import { findAccount, findGroup } from './name-services.ts'
import { defaultUser, runAsOf } from './run-as.ts'

export class Privileges {
  /** Whom root is given up for; undefined when sipd keeps the user that it was started as. */
  readonly account: Account | undefined
  /** Why it stays root, where it does. */
  readonly whyRoot: string | undefined
  /** Files that sipd.conf names may be read with the rights of root: nobody else can have written that name. */
  readonly #mayReadAsRoot: boolean
  #isRoot: boolean

  constructor(options: { account?: Account | undefined; whyRoot?: string | undefined; mayReadAsRoot?: boolean } = {}) {
    this.account = options.account
    this.whyRoot = options.whyRoot
    this.#mayReadAsRoot = options.mayReadAsRoot ?? false
    this.#isRoot = options.account !== undefined
  }

  /** Root has still to be given up. */
  get isPending(): boolean {
    return this.#isRoot
  }

  /** Acts for the account while this process is root. */
  asAccount<T>(act: () => T): T {
    return this.#isRoot && this.account ? actAs(this.account, act) : act()
  }

  /** Reads what only root may read, within `asAccount`. Undefined when that is not for sipd any more, or never was. */
  readAsRoot<T>(read: () => T): T | undefined {
    if (!this.#isRoot || !this.account || !this.#mayReadAsRoot) return undefined
    posixProcess().seteuid(0)
    try {
      return read()
    } finally {
      posixProcess().seteuid(this.account.uid)
    }
  }

  /** For good. Throws when something of root would be left: then sipd must not serve. */
  giveUp(): void {
    if (!this.#isRoot || !this.account) return
    becomeForGood(this.account)
    this.#isRoot = false
  }
}

/**
 * Decides whom sipd runs as, and makes its folders. Throws a HomeError with exit code 4 where it must not serve, and a
 * ConfigurationError where sipd.conf cannot be understood.
 */
export async function settlePrivileges(home: Home): Promise<Privileges> {
  if (!isRoot()) {
    makeFolders(home, 'sipd')
    return new Privileges()
  }
  const { config, complaints } = inspectConfig(home)
  if (!config) throw new ConfigurationError(complaints)
  const { decision, configuration } = await decide(home, config, takeFolders)
  switch (decision.kind) {
    case 'account':
      return new Privileges({ account: decision.account, mayReadAsRoot: configuration.uid === 0 })
    case 'root':
      makeFolders(home, 'sipd')
      return new Privileges({ whyRoot: decision.reason })
    case 'refused':
      throw new HomeError(decision.reason, 4)
  }
}

/** Why a start as this user would be refused before anything else; nothing is changed. */
export async function privilegesMistake(home: Home, config: SipdConfig): Promise<string | undefined> {
  if (!isRoot()) return undefined
  const { decision } = await decide(home, config, foldersMistake)
  return decision.kind === 'refused' ? decision.reason : undefined
}

async function decide(
  home: Home,
  { User: user, Group: group, Listen }: SipdConfig,
  obstacle: (home: Home, configurationPath: string, account: Account) => string | undefined,
) {
  const path = join(home.conf, 'sipd', 'sipd.conf')
  const configuration = ownerOfConfiguration(path)
  const decision = runAsOf({
    user,
    group,
    account: await findAccount(user ?? defaultUser),
    groupId: group === undefined ? undefined : await findGroup(group),
    configuration,
    folderAccount: await ownerOfFolder(foldersOf(home, 'sipd').run),
    isLoopback: Listen.every(({ address }) => isLoopbackAddress(address)),
    obstacleFor: (account) => obstacle(home, path, account),
  })
  return { decision, configuration }
}

/** A file in a folder that others may write is theirs to exchange. */
function ownerOfConfiguration(path: string): Owner & { path: string; isOpen: boolean } {
  const [folder, file] = [statSync(join(path, '..')), statSync(path)]
  const { uid, gid } = folder.uid === 0 ? file : folder
  return { uid, gid, path, isOpen: ((folder.mode | file.mode) & 0o022) !== 0 }
}

async function ownerOfFolder(path: string): Promise<Account | undefined> {
  let owner: Owner
  try {
    owner = statSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  if (owner.uid === 0) return undefined
  const account = await findAccount(`#${owner.uid}`)
  return { name: account?.name, uid: owner.uid, gid: account?.name === undefined ? owner.gid : account.gid }
}

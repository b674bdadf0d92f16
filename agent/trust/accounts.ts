/** What others can make the agent hold, in octets: an account for each kind, which castellanAccountTable shows. */
import { OctetAccount } from '../../lib/bounds/octet-account.ts'
import { bounds } from './bounds.ts'
import type { TrustDomainName } from './trust.ts'

const mebi = 1024 * 1024

/** Names as castellanAccountTable has them. */
export function makeAccounts() {
  const agentx = (): OctetAccount => new OctetAccount(bounds.domainOctets, bounds.sessionOctets)
  return {
    /** Requests that wait for subagents, or for SETs before them; a source is the address of a manager. */
    requests: new OctetAccount(32 * mebi, 16 * mebi),
    /** Informs that wait for their target; a source is a target. */
    informs: new OctetAccount(16 * mebi, 4 * mebi),
    /** What nlmLogTable has. */
    'notification-log': new OctetAccount(32 * mebi),
    /** Sessions and connections of each trust domain; a source is one of them. */
    'agentx-subagents': agentx(),
    'agentx-sipd': agentx(),
    'agentx-others': agentx(),
  } as const
}

export type Accounts = ReturnType<typeof makeAccounts>

export function domainAccounts(accounts: Accounts): Readonly<Record<TrustDomainName, OctetAccount>> {
  return {
    subagents: accounts['agentx-subagents'],
    sipd: accounts['agentx-sipd'],
    others: accounts['agentx-others'],
  }
}

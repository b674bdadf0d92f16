/** Where AgentX is spoken: the sockets of our own processes, and for others what snmpd.cnf says. */
import { statSync } from 'node:fs'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import { ownerNamed } from '../../lib/users/owner.ts'
import type { AgentxAddress } from '../agentx/listen.ts'
import { agentxSocket, type TrustDomainName } from '../trust/trust.ts'
import { type agentxListenTable, agentxPlaceOf } from './listen-tables.ts'

export interface DomainAddress {
  readonly domain: TrustDomainName
  readonly address: AgentxAddress
}

export function agentxAddressesOf(home: Home, rows: readonly RowOf<typeof agentxListenTable>[]): DomainAddress[] {
  return [
    { domain: 'subagents', address: { path: agentxSocket(home, 'subagents') } },
    { domain: 'sipd', address: { path: agentxSocket(home, 'sipd'), ...groupOfSipd(home) } },
    ...addressesOfOthers(home, rows).map((address): DomainAddress => ({ domain: 'others', address })),
  ]
}

/** The socket in run/agent unless the file names others, or `none`. */
function addressesOfOthers(home: Home, rows: readonly RowOf<typeof agentxListenTable>[]): AgentxAddress[] {
  if (rows.length === 0) return [{ path: agentxSocket(home, 'others') }]
  const listening = rows.filter((row) => row.agentxListenAddress !== 'none')
  return listening.flatMap((row): AgentxAddress[] => {
    const place = agentxPlaceOf(home, row.agentxListenAddress)
    if (!place || 'host' in place) return place ? [place] : []
    const owner = ownerNamed(row.agentxListenOwner)
    const folderOwner = ownerNamed(row.agentxListenFolderOwner)
    const socket = {
      path: place.path,
      mode: Number.parseInt(row.agentxListenMode, 8),
      folderMode: Number.parseInt(row.agentxListenFolderMode, 8),
      ...(owner ? { owner } : {}),
      ...(folderOwner ? { folderOwner } : {}),
    }
    return [socket]
  })
}

/** sipd may run as a user of its own, which its folder tells: then its group is let in at its socket. */
function groupOfSipd(home: Home): { readonly group?: number } {
  try {
    const { uid, gid } = statSync(foldersOf(home, 'sipd').run)
    return uid === process.geteuid?.() ? {} : { group: gid }
  } catch {
    return {} // there is no sipd yet
  }
}

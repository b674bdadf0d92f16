/**
 * The trust domains of AgentX: each has a socket of its own, and a list of what may be registered and notified there.
 * A session is what its socket says, whatever it calls itself.
 */

import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { afterSubtree } from '../../lib/mib/registry.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { compareOid, type Oid, oid, startsWith } from '../../lib/smi/oid.ts'

export type TrustDomainName = 'subagents' | 'sipd' | 'others'

export interface TrustDomain {
  readonly name: TrustDomainName
  /** What its sessions are called in notifications and logs; undefined: what they call themselves. */
  readonly label: string | undefined
  /** Whether a session may answer for the names from one to the other; the second is not among them. */
  mayServe(from: Oid, to: Oid): boolean
  mayNotify(trapOid: Oid): boolean
  readonly sessionsAtMost: number
  /** Notifications of all its sessions together: so many at once, and so many a second after that. */
  readonly notifications: { readonly burst: number; readonly perSecond: number }
}

/** What processes of ours answer for: their own socket is the only place where it may be registered and notified. */
const owned: Readonly<Record<Exclude<TrustDomainName, 'others'>, readonly Oid[]>> = {
  subagents: [
    oid('1.3.6.1.2.1.64'), // DISMAN-SCRIPT-MIB
    oid(`${castellanArc}.12.29`), // CASTELLAN-CRITAPP-MIB
    oid(`${castellanArc}.12.40`), // CASTELLAN-LOG-MIB
    oid(`${castellanArc}.12.41`), // CASTELLAN-SCRIPT-MIB
    oid(`${castellanArc}.12.101`), // CASTELLAN-BACKUP-MIB
  ],
  sipd: [
    oid('1.3.6.1.2.1.27'), // NETWORK-SERVICES-MIB
    oid('1.3.6.1.2.1.149'), // SIP-COMMON-MIB
    oid('1.3.6.1.2.1.151'), // SIP-SERVER-MIB
    oid(`${castellanArc}.12.151`), // CASTELLAN-SIP-MIB
  ],
}

/** Nobody else's to answer for: what our processes own, and the rest of our enterprise. */
const reserved: readonly Oid[] = [...owned.subagents, ...owned.sipd, oid(castellanArc)]

/** What sessions of ours are called. */
const labels = { subagents: 'Castellan subagents', sipd: 'Castellan sipd' } as const

/** `agentsOwn` is what the agent leaves to no subagent (`ownSubtrees`): neither a gap in it, nor a notification of it. */
export function trustDomains(agentsOwn: readonly Oid[]): Readonly<Record<TrustDomainName, TrustDomain>> {
  const notTheirs = [...reserved, ...agentsOwn]
  const stretches = notTheirs.map(stretchOf)
  return {
    // Up to a thousand wait for a master that was away, and come at once.
    subagents: { ...ownDomain('subagents'), sessionsAtMost: 16, notifications: { burst: 2000, perSecond: 100 } },
    sipd: { ...ownDomain('sipd'), sessionsAtMost: 16, notifications: { burst: 100, perSecond: 10 } },
    others: {
      name: 'others',
      label: undefined,
      mayServe: (from, to) => !stretches.some((one) => overlaps(one, from, to)),
      mayNotify: (trapOid) => !notTheirs.some((subtree) => startsWith(trapOid, subtree)),
      sessionsAtMost: 256,
      notifications: { burst: 100, perSecond: 10 },
    },
  }
}

function ownDomain(name: keyof typeof owned) {
  const stretches = owned[name].map(stretchOf)
  return {
    name,
    label: labels[name],
    mayServe: (from: Oid, to: Oid) => stretches.some((one) => contains(one, from, to)),
    mayNotify: (trapOid: Oid) => owned[name].some((subtree) => startsWith(trapOid, subtree)),
  }
}

interface Stretch {
  readonly from: Oid
  /** The first name behind it. */
  readonly to: Oid
}

function stretchOf(subtree: Oid): Stretch {
  return { from: subtree, to: afterSubtree(subtree) }
}

function contains(outer: Stretch, from: Oid, to: Oid): boolean {
  return compareOid(outer.from, from) <= 0 && compareOid(to, outer.to) <= 0
}

function overlaps(one: Stretch, from: Oid, to: Oid): boolean {
  return compareOid(from, one.to) < 0 && compareOid(one.from, to) < 0
}

/** Where the processes of a domain connect; for others it is what the agent has without any agentxListenEntry. */
export function agentxSocket(home: Home, domain: TrustDomainName): string {
  const name = domain === 'others' ? 'agentx' : domain
  return join(foldersOf(home, 'agent').run, `${name}.sock`)
}

/** What a session is called: one at the others' socket that takes the name of ours goes by its number. */
export function sessionName({ label }: TrustDomain, id: number, description: string): string {
  if (label !== undefined) return label
  const said = description.normalize('NFKC').trim().toLowerCase()
  const isOurs = Object.values(labels).some((one) => one.toLowerCase() === said)
  return said === '' || isOurs ? `session ${id}` : description
}

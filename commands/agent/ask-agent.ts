/** Asks the agent of a home over SNMP, as who owns the home may: with a community that its configuration has. */

import type { Home } from '../../lib/home/home.ts'
import { View } from '../../lib/mib/view.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import { isAmong, type Source } from '../../snmp/security/community.ts'
import { addressToAsk } from '../../snmp/transport/udp.ts'
import { openConfiguration } from './configuration.ts'

export interface Need {
  /** A community that may do this with the object is taken before one that may not. */
  readonly access: 'read' | 'write'
  readonly oid: Oid
  /** What to do where there is no community, such as `use getmany -v3 -u USER with mteTriggerTable`. */
  readonly otherwise: string
}

/** Where it is bound to hosts, this one must be among them, from any port. */
const isUsableHere = ({ sources }: { readonly sources?: readonly Source[] | undefined }): boolean =>
  !sources || isAmong(sources, { address: '127.0.0.1', port: 0 })

/** Throws when there is no community to ask with; what `act` throws, goes on. */
export async function withManager<T>(home: Home, need: Need, act: (manager: Manager) => Promise<T>): Promise<T> {
  const { internal, address } = await openConfiguration(home)
  const vacm = internal.vacm()
  const isAllowed = ({ securityName, contextName }: { securityName: string; contextName: string }): boolean => {
    const principal = { securityModel: 'snmpv2c', securityName, securityLevel: 'noAuthNoPriv', contextName } as const
    const view = vacm.viewFor(principal, need.access)
    return view instanceof View && view.includes(need.oid)
  }
  const communities = internal.communities().filter(isUsableHere)
  const community = communities.find(isAllowed) ?? communities[0]
  if (!community) throw new Error(`there is no community to ask with; ${need.otherwise}`)
  const manager = new Manager({
    ...addressToAsk(address),
    security: { version: 'v2c', community: community.name },
    retries: 1,
  })
  try {
    return await act(manager)
  } finally {
    manager.close()
  }
}

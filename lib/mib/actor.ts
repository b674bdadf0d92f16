/** As whom a row acts later on: who last said what it does, by the words of RFC 3411 that its columns keep. */
import type { Requester } from './module.ts'
import { enumeration } from './syntax.ts'

export const securityModelWord = () => enumeration({ snmpv1: 1, snmpv2c: 2, usm: 3 })
export const securityLevelWord = () => enumeration({ noAuthNoPriv: 1, authNoPriv: 2, authPriv: 3 })

export interface Actor {
  readonly securityModel: 'snmpv1' | 'snmpv2c' | 'usm'
  readonly securityName: string
  readonly securityLevel: 'noAuthNoPriv' | 'authNoPriv' | 'authPriv'
}

/** A SET comes from a principal of one of these models, at one of these levels. */
export function actorOf({ securityModel, securityName, securityLevel }: Requester): Actor {
  return { securityModel, securityName, securityLevel } as Actor
}

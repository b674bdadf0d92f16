/** Whether a phone that registers is to be reached where it registered from, rather than where its contact says. */
import { isIP } from 'node:net'
import { formatFlow } from '../message/flow.ts'
import { type Hop, isReliable } from '../message/hop.ts'
import { unbracketed } from '../message/host.ts'
import type { Via } from '../message/via.ts'

/** Undefined when the contact, of which this is the host, can be used as it is. */
export function registrationFlow(host: string | undefined, via: Via, source: Hop): string | undefined {
  // A connection that the phone opened is the surest way back, and often the only one.
  if (isReliable(source)) return formatFlow(source)
  const sentBy = unbracketed(via.host)
  // Behind NAT: the phone believes in an address of its own, in Via and Contact alike, that it does not have here.
  const isBehindNat = host !== undefined && isIP(host) !== 0 && host === sentBy && sentBy !== source.address
  return isBehindNat ? formatFlow(source) : undefined
}

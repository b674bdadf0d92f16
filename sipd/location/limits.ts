/** How long the parts of a registration may be, and what one counts for in memory. */
import type { Binding } from './binding.ts'

/** In octets, but for the number of URIs; what is longer is refused, and of a User-Agent the beginning is kept. */
export const bindingLimits = {
  addressOfRecord: 512,
  contact: 1024,
  callId: 256,
  userAgent: 256,
  instance: 256,
  features: 512,
  pathUris: 5,
  pathUri: 256,
} as const

/** Of an address-of-record and of each contact besides their texts: objects, entries of tables and the index of the file. */
const recordOctets = 256
const bindingOctets = 320
const uriOctets = 32

/** Of the address-of-record itself. */
export function octetsOfRecord(addressOfRecord: string): number {
  return recordOctets + addressOfRecord.length
}

/** Of one contact. Texts that are kept once for several contacts count in each. */
export function octetsOfBinding({ contact, callId, flow, path, userAgent, instance, features }: Binding): number {
  let octets = bindingOctets + contact.length + callId.length + userAgent.length + instance.length + features.length
  if (flow !== undefined) octets += flow.length
  for (let i = 0; i < path.length; i++) octets += uriOctets + path[i]!.length
  return octets
}

/** What a refresh adds to what its binding counts for: mostly nothing. The contact is the same. */
export function growthOf(before: Binding, after: Binding): number {
  const texts =
    after.callId.length -
    before.callId.length +
    after.userAgent.length -
    before.userAgent.length +
    after.instance.length -
    before.instance.length +
    after.features.length -
    before.features.length
  if (before.flow === after.flow && before.path.length === 0 && after.path.length === 0) return texts
  return octetsOfBinding(after) - octetsOfBinding(before)
}

/** Of all that an address-of-record is bound to, itself included; 0 of none. */
export function octetsOf(addressOfRecord: string, bindings: readonly Binding[]): number {
  if (bindings.length === 0) return 0
  let octets = octetsOfRecord(addressOfRecord)
  for (const binding of bindings) octets += octetsOfBinding(binding)
  return octets
}

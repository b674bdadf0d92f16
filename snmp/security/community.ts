/** Community-based security, RFC 3584 §5.2: a community string stands for a security name and a context. */
import { addressOctets } from '../../lib/net/address.ts'

/** A transport address with the mask that says which of its bits count (snmpTargetAddrTMask); no mask: all do. */
export interface Source {
  readonly address: Uint8Array
  readonly mask: Uint8Array
}

export interface Community {
  readonly name: Uint8Array
  readonly securityName: string
  readonly contextName: string
  /** Where it may be used from and to (snmpCommunityTransportTag); undefined: everywhere. */
  readonly sources?: readonly Source[] | undefined
}

/**
 * The community that these octets name and that may be used from this address. All entries are looked at and every
 * octet is compared, so that the time taken says nothing about how much of a guess was right.
 */
export function findCommunity<C extends Community>(
  communities: readonly C[],
  bytes: Uint8Array,
  start: number,
  end: number,
  remote: { readonly address: string; readonly port: number },
): C | undefined {
  let found: C | undefined
  for (let entry = 0; entry < communities.length; entry++) {
    const candidate = communities[entry]!
    const { name } = candidate
    let difference = name.length ^ (end - start)
    for (let i = 0; i < name.length; i++) difference |= name[i]! ^ (start + i < end ? bytes[start + i]! : 0x100)
    if (difference === 0 && (!candidate.sources || isAmong(candidate.sources, remote))) found ??= candidate
  }
  return found
}

/** Whether an address and port is one of these, mask by mask; an IPv4 address never is an IPv6 one. */
export function isAmong(
  sources: readonly Source[],
  { address, port }: { readonly address: string; readonly port: number },
): boolean {
  const octets = [...(addressOctets(address) ?? []), port >> 8, port & 0xff]
  return sources.some(
    ({ address: wanted, mask }) =>
      wanted.length === octets.length &&
      wanted.every((octet, i) => ((octet ^ octets[i]!) & (mask.length === 0 ? 0xff : mask[i]!)) === 0),
  )
}

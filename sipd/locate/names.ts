/** What a locator asks of names; SystemNames answers it as this machine is set up. */
import { isIP } from 'node:net'
import type { NaptrRecord, SrvRecord } from '../dns/message.ts'

export type Family = 4 | 6

/** Of the listeners that requests leave by. */
export function familiesOf(listeners: readonly { readonly address: string }[]): readonly Family[] {
  return ([4, 6] as const).filter((family) => listeners.some(({ address }) => isIP(address) === family))
}

export interface Records<R> {
  readonly records: readonly R[]
  readonly ttlSeconds: number
}

/** None where a name has none of these records; throws when nobody says whether it has. */
export interface NameService {
  /** Of a name that this machine has in a file of its own: nobody is asked. */
  known(host: string, families: readonly Family[]): readonly string[] | undefined
  /** Those of the first of these families that it has any in. */
  addresses(host: string, families: readonly Family[]): Promise<Records<string>>
  /** `service` is in front of the host, such as `_sip._udp.`. */
  srv(service: string, host: string): Promise<Records<SrvRecord>>
  naptr(host: string): Promise<Records<NaptrRecord>>
}

/** Gives the addresses of a name, none when it has none; throws when nobody says. */
export type Lookup = (host: string, families: readonly Family[]) => Promise<readonly string[]>

/** Of a name that the operator wrote: as the DNS has it, and else as whatever there is besides. */
export async function addressesOf(
  host: string,
  families: readonly Family[],
  names: Pick<NameService, 'known' | 'addresses'>,
  otherwise: Lookup,
): Promise<readonly string[]> {
  const known = names.known(host, families)
  if (known) return known
  const { records } = await names.addresses(host, families).catch(() => ({ records: [] }))
  return records.length > 0 ? records : otherwise(host, families)
}

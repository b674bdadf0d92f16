/** Neighbours of IPv4 as /proc/net/arp lists them. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { Octets } from '../../lib/text/octets.ts'
import { parseDotted } from './address.ts'
import { parseHardwareAddress } from './links.ts'
import type { ipNetToPhysicalTable } from './mib.ts'

export interface Neighbour {
  readonly octets: Uint8Array
  readonly hardware: Uint8Array
  readonly link: Octets
  readonly isComplete: boolean
  readonly isPermanent: boolean
  readonly state: RowOf<typeof ipNetToPhysicalTable>['ipNetToPhysicalState']
}

/** ATF_COM and ATF_PERM of include/uapi/linux/if_arp.h. */
const completeFlag = 0x02
const permanentFlag = 0x04

/** A heading, then address, hardware type, flags, hardware address, mask, link. */
export function parseArp(text: string): Neighbour[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line): Neighbour[] => {
      const [address = '', , flagsHex = '', hardware = '', , link = ''] = line.trim().split(/\s+/)
      const octets = parseDotted(address)
      if (!octets || link === '') return []
      const flags = Number.parseInt(flagsHex, 16)
      const isComplete = (flags & completeFlag) !== 0
      return [
        {
          octets,
          hardware: parseHardwareAddress(hardware),
          link,
          isComplete,
          isPermanent: (flags & permanentFlag) !== 0,
          // A mapping that is there from one that is looked for: the file says no more.
          state: isComplete ? 'unknown' : 'incomplete',
        },
      ]
    })
}

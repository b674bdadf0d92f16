/** Neighbours of IPv4 as /proc/net/arp lists them; those of IPv6 are in no file of the kernel. */
import { parseDotted } from './address.ts'
import { parseHardwareAddress } from './links.ts'

export interface Neighbour {
  readonly octets: Uint8Array
  readonly hardware: Uint8Array
  readonly link: string
  readonly isComplete: boolean
  readonly isPermanent: boolean
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
      return [
        {
          octets,
          hardware: parseHardwareAddress(hardware),
          link,
          isComplete: (flags & completeFlag) !== 0,
          isPermanent: (flags & permanentFlag) !== 0,
        },
      ]
    })
}

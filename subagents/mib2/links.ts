/** Network interfaces as /proc/net/dev and /sys/class/net show them; reading here, understanding in pure functions. */
import { cutOctets, type Octets, trimOctets } from '../../lib/octets.ts'
import type { SystemFiles } from './files.ts'

export interface Link {
  readonly index: number
  readonly name: Octets
  /** ARPHRD number of the kernel. */
  readonly hardwareType: number
  readonly mtu: number
  /** Megabits per second, 0 when nobody knows. */
  readonly speedMegabits: number
  readonly address: Uint8Array
  readonly broadcast: Uint8Array
  readonly isAdminUp: boolean
  readonly isPromiscuous: boolean
  readonly operState: string
  readonly alias: Octets
  readonly hasConnector: boolean
  readonly isBridge: boolean
  readonly isBond: boolean
  readonly isWireless: boolean
  readonly isVlan: boolean
  /** Names of the links right below this one. */
  readonly lower: readonly Octets[]
  readonly counters: LinkCounters
}

export interface LinkCounters {
  readonly inOctets: bigint
  readonly inPackets: bigint
  readonly inErrors: bigint
  readonly inDropped: bigint
  readonly inMulticast: bigint
  readonly outOctets: bigint
  readonly outPackets: bigint
  readonly outErrors: bigint
  readonly outDropped: bigint
}

/** /proc/net/dev (proc(5)): two heading lines, then a line per interface. Counters by interface name. */
export function parseNetDev(text: string): Map<string, LinkCounters> {
  const links = new Map<string, LinkCounters>()
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':')
    if (colon < 0) continue
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
    if (fields.length < 16 || !fields.every((field) => /^\d+$/.test(field))) continue
    const at = (field: number): bigint => BigInt(fields[field]!)
    links.set(line.slice(0, colon).trim(), {
      inOctets: at(0),
      inPackets: at(1),
      inErrors: at(2),
      inDropped: at(3),
      inMulticast: at(7),
      outOctets: at(8),
      outPackets: at(9),
      outErrors: at(10),
      outDropped: at(11),
    })
  }
  return links
}

/** `aa:bb:cc:dd:ee:ff`; loopback's all zero is no address. */
export function parseHardwareAddress(text: string): Uint8Array {
  const octets = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(text)
    ? Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16))
    : new Uint8Array(0)
  return octets.some((octet) => octet !== 0) ? octets : new Uint8Array(0)
}

const upFlag = 0x1
const promiscuousFlag = 0x100

/** Details are read when a link is new or its state changed, and besides at every so many samples. */
const detailsEvery = 5

interface Kept {
  readonly link: Link
  readonly flags: string
  readonly samples: number
}

/** Reads the links; between samples it keeps what seldom changes, for each file costs a trip to another thread. */
export class LinkReader {
  readonly #files: SystemFiles
  #kept = new Map<string, Kept>()

  constructor(files: SystemFiles) {
    this.#files = files
  }

  /** All links of this machine, in the order of their index. */
  async read(): Promise<Link[]> {
    const counters = parseNetDev(await this.#files.wanted('/proc/net/dev'))
    const kept = new Map<string, Kept>()
    for (const [name, counted] of counters) {
      const found = await this.#readLink(name, counted)
      if (found) kept.set(name, found)
    }
    this.#kept = kept
    return [...kept.values()].map(({ link }) => link).sort((a, b) => a.index - b.index)
  }

  async #readLink(name: string, counters: LinkCounters): Promise<Kept | undefined> {
    const folder = `/sys/class/net/${name}`
    const read = async (file: string): Promise<string> =>
      trimOctets((await this.#files.text(`${folder}/${file}`)) ?? '')
    const [indexText, flags, operState] = await Promise.all([read('ifindex'), read('flags'), read('operstate')])
    const index = Number(indexText)
    if (!(index >= 1)) return undefined
    const known = this.#kept.get(name)
    const isSame = known?.link.index === index && known.flags === flags && known.link.operState === operState
    if (isSame && known.samples % detailsEvery !== 0) {
      return { link: { ...known.link, counters }, flags, samples: known.samples + 1 }
    }
    const [type, mtu, speedText, address, broadcast, alias, uevent] = await Promise.all(
      ['type', 'mtu', 'speed', 'address', 'broadcast', 'ifalias', 'uevent'].map(read),
    )
    const inside = await this.#files.names(folder)
    const speed = Number(speedText)
    const link: Link = {
      index,
      name,
      hardwareType: Number(type),
      mtu: Number(mtu),
      speedMegabits: speed > 0 ? speed : 0,
      address: parseHardwareAddress(address!),
      broadcast: parseHardwareAddress(broadcast!),
      isAdminUp: (Number(flags) & upFlag) !== 0,
      isPromiscuous: (Number(flags) & promiscuousFlag) !== 0,
      operState,
      // The kernel's alias may be longer than the 64 octets of ifAlias.
      alias: cutOctets(alias!, 64),
      hasConnector: inside.includes('device'),
      isBridge: inside.includes('bridge'),
      isBond: inside.includes('bonding'),
      isWireless: inside.includes('wireless'),
      isVlan: uevent!.includes('DEVTYPE=vlan'),
      lower: inside.filter((entry) => entry.startsWith('lower_')).map((entry) => entry.slice('lower_'.length)),
      counters,
    }
    // Links get their next details at different samples.
    return { link, flags, samples: known ? known.samples + 1 : index }
  }
}

export interface ReceiveAddress {
  readonly ifIndex: number
  readonly address: Uint8Array
}

/** /proc/net/dev_mcast: index, name, users, global users, and the address without separators. */
export function parseDevMulticast(text: string): ReceiveAddress[] {
  const found: ReceiveAddress[] = []
  for (const [, index = '', address = ''] of text.matchAll(/^(\d+)\s+\S+\s+\d+\s+\d+\s+((?:[0-9a-f]{2})+)\s*$/gm)) {
    found.push({ ifIndex: Number(index), address: Buffer.from(address, 'hex') })
  }
  return found
}

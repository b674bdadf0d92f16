/** Network interfaces as /proc/net/dev and /sys/class/net tell them; reading here, understanding in pure functions. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Link {
  readonly index: number
  readonly name: string
  /** ARPHRD number of the kernel. */
  readonly hardwareType: number
  readonly mtu: number
  /** Megabits per second, 0 when nobody knows. */
  readonly speedMegabits: number
  readonly address: Uint8Array
  readonly isAdminUp: boolean
  readonly isPromiscuous: boolean
  readonly operState: string
  readonly alias: string
  readonly hasConnector: boolean
  readonly isBridge: boolean
  readonly isWireless: boolean
  readonly isVlan: boolean
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

const noCounters: LinkCounters = {
  inOctets: 0n,
  inPackets: 0n,
  inErrors: 0n,
  inDropped: 0n,
  inMulticast: 0n,
  outOctets: 0n,
  outPackets: 0n,
  outErrors: 0n,
  outDropped: 0n,
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

const upFlag = 0x1
const promiscuousFlag = 0x100

/** All links of this machine, in the order of their index. `root` is for saved samples. */
export function readLinks(root = ''): Link[] {
  const counters = parseNetDev(readText(`${root}/proc/net/dev`) ?? '')
  const names = readNames(`${root}/sys/class/net`)
  return names
    .flatMap((name) => readLink(root, name, counters.get(name) ?? noCounters) ?? [])
    .sort((a, b) => a.index - b.index)
}

function readLink(root: string, name: string, counters: LinkCounters): Link | undefined {
  const folder = `${root}/sys/class/net/${name}`
  const read = (file: string): string => readText(`${folder}/${file}`)?.trim() ?? ''
  const index = Number(read('ifindex'))
  if (!(index >= 1)) return undefined
  const flags = Number(read('flags'))
  const inside = readNames(folder)
  const speed = Number(read('speed'))
  return {
    index,
    name,
    hardwareType: Number(read('type')),
    mtu: Number(read('mtu')),
    speedMegabits: speed > 0 ? speed : 0,
    address: parseHardwareAddress(read('address')),
    isAdminUp: (flags & upFlag) !== 0,
    isPromiscuous: (flags & promiscuousFlag) !== 0,
    operState: read('operstate'),
    alias: read('ifalias').slice(0, 64),
    hasConnector: isPhysical(folder),
    isBridge: inside.includes('bridge'),
    isWireless: inside.includes('wireless'),
    isVlan: read('uevent').includes('DEVTYPE=vlan'),
    counters,
  }
}

/** `aa:bb:cc:dd:ee:ff`; loopback's all zero is no address. */
export function parseHardwareAddress(text: string): Uint8Array {
  const octets = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(text)
    ? Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16))
    : new Uint8Array(0)
  return octets.some((octet) => octet !== 0) ? octets : new Uint8Array(0)
}

function isPhysical(folder: string): boolean {
  try {
    return readlinkSync(`${folder}/device`) !== ''
  } catch {
    return false
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** undefined where the file is missing or does not apply: `speed` of a link that is down gives EINVAL. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

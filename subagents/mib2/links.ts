/** Network interfaces as /proc/net/dev and /sys/class/net show them; reading here, understanding in pure functions. */
import { isDeepStrictEqual } from 'node:util'
import { cutOctets, type Octets, trimOctets } from '../../lib/text/octets.ts'
import type { SystemFiles } from './files.ts'
import { atOnce, type Work } from './sampler.ts'

export interface Link {
  readonly index: number
  /** Another one made again with its name and index has another identity. */
  readonly identity: number
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

/** /proc/net/dev (proc(5)): two heading lines, then a line per interface. What follows the name's colon, by interface name. */
export function parseNetDevLines(text: Octets): Map<Octets, string> {
  const links = new Map<Octets, string>()
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':')
    if (colon >= 0) links.set(line.slice(0, colon).trim(), line.slice(colon + 1))
  }
  return links
}

/** Undefined for a line that is not of the form. */
export function parseCounters(line: string): LinkCounters | undefined {
  if (!/^ *\d+(?: +\d+){15,} *$/.test(line)) return undefined
  const fields = line.trim().split(/ +/)
  const at = (field: number): bigint => BigInt(fields[field]!)
  return {
    inOctets: at(0),
    inPackets: at(1),
    inErrors: at(2),
    inDropped: at(3),
    inMulticast: at(7),
    outOctets: at(8),
    outPackets: at(9),
    outErrors: at(10),
    outDropped: at(11),
  }
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

/** Details are read when a link is new or its state changed, and besides when they are so many samples old. */
const detailsEvery = 5
/** Each file of the details costs a trip to another thread: of many links no more than these are read again in one sample. */
const detailsMost = 32

interface Kept {
  readonly link: Link
  readonly state: LinkState
  /** Its line of /proc/net/dev. */
  readonly line: string
  /** The sample in which its details were read. */
  readonly detailsAt: number
}

interface LinkState {
  readonly identity: number
  readonly flags: string
  readonly operState: string
}

/** Reads the links; between samples it keeps what seldom changes. A link in which nothing changed is the same object again. */
export class LinkReader {
  readonly #files: SystemFiles
  #kept = new Map<Octets, Kept>()
  #sample = 0

  constructor(files: SystemFiles) {
    this.#files = files
  }

  /** All links of this machine, in the order of their index. */
  async read(work: Work = atOnce): Promise<Link[]> {
    const lines = parseNetDevLines(await this.#files.wanted('/proc/net/dev'))
    const kept = new Map<Octets, Kept>()
    const other: { name: Octets; state: LinkState; line: string }[] = []
    this.#sample++
    const steps = this.#compare(lines, kept, (name, state, line) => other.push({ name, state, line }))
    if (!(await work.run(steps))) return this.#links()
    // One after the other: all at once would keep Node's few threads from everything else.
    for (const { name, state, line } of [...other, ...this.#due(kept)]) {
      const found = await this.#readDetails(name, state, line)
      if (found) kept.set(name, found)
      else kept.delete(name)
    }
    this.#kept = kept
    return this.#links()
  }

  #links(): Link[] {
    return [...this.#kept.values()].map(({ link }) => link).sort((a, b) => a.index - b.index)
  }

  /** Keeps what is as it was but for its counters; a step is a link. */
  *#compare(
    lines: ReadonlyMap<Octets, string>,
    kept: Map<Octets, Kept>,
    isOther: (name: Octets, state: LinkState, line: string) => void,
  ): Iterable<void> {
    for (const [name, line] of lines) {
      const state = this.#stateOf(name)
      const known = this.#kept.get(name)
      if (state && known && isSameState(state, known.state)) {
        const counters = line === known.line ? known.link.counters : parseCounters(line)
        if (counters) kept.set(name, { ...known, line, link: withCounters(known.link, counters) })
      } else if (state) isOther(name, state, line)
      yield
    }
  }

  /** Those whose details are the oldest. */
  #due(kept: ReadonlyMap<Octets, Kept>): { name: Octets; state: LinkState; line: string }[] {
    return [...kept]
      .filter(([, { detailsAt }]) => this.#sample - detailsAt >= detailsEvery)
      .sort(([, a], [, b]) => a.detailsAt - b.detailsAt)
      .slice(0, detailsMost)
      .map(([name, { state, line }]) => ({ name, state, line }))
  }

  #stateOf(name: Octets): LinkState | undefined {
    const folder = `/sys/class/net/${name}`
    const identity = this.#files.identity(folder)
    if (identity === undefined) return undefined
    const read = (file: string): string => this.#files.textNow(`${folder}/${file}`)?.trim() ?? ''
    return { identity, flags: read('flags'), operState: read('operstate') }
  }

  async #readDetails(name: Octets, state: LinkState, line: string): Promise<Kept | undefined> {
    const folder = `/sys/class/net/${name}`
    const read = async (file: string): Promise<Octets> =>
      trimOctets((await this.#files.text(`${folder}/${file}`)) ?? '')
    const files = ['ifindex', 'type', 'mtu', 'speed', 'address', 'broadcast', 'ifalias', 'uevent']
    const texts = await Promise.all(files.map(read))
    const [index = 0, type = 0, mtu = 0, speed = 0] = texts.slice(0, 4).map(Number)
    const [address = '', broadcast = '', alias = '', uevent = ''] = texts.slice(4)
    const inside = await this.#files.names(folder)
    const counters = parseCounters(line)
    if (!(index >= 1) || !counters) return undefined
    const flags = Number(state.flags)
    const link: Link = {
      index,
      identity: state.identity,
      name,
      hardwareType: type,
      mtu,
      speedMegabits: speed > 0 ? speed : 0,
      address: parseHardwareAddress(address),
      broadcast: parseHardwareAddress(broadcast),
      isAdminUp: (flags & upFlag) !== 0,
      isPromiscuous: (flags & promiscuousFlag) !== 0,
      operState: state.operState,
      // The kernel's alias may be longer than the 64 octets of ifAlias.
      alias: cutOctets(alias, 64),
      hasConnector: inside.includes('device'),
      isBridge: inside.includes('bridge'),
      isBond: inside.includes('bonding'),
      isWireless: inside.includes('wireless'),
      isVlan: uevent.includes('DEVTYPE=vlan'),
      lower: inside.filter((entry) => entry.startsWith('lower_')).map((entry) => entry.slice('lower_'.length)),
      counters,
    }
    const before = this.#kept.get(name)?.link
    const same = before && withCounters(before, counters)
    return {
      link: same && isDeepStrictEqual(same, link) ? same : link,
      state,
      line,
      // Links get their next details at different samples.
      detailsAt: this.#sample - (before ? 0 : index % detailsEvery),
    }
  }
}

function isSameState(a: LinkState, b: LinkState): boolean {
  return a.identity === b.identity && a.flags === b.flags && a.operState === b.operState
}

function withCounters(link: Link, counters: LinkCounters): Link {
  return link.counters === counters ? link : { ...link, counters }
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

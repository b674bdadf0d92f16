/** RFC 3263 §4.1 and §4.2: which services the DNS says that a name has, and where each of them is. */
import { isIP } from 'node:net'
import type { NaptrRecord, SrvRecord } from '../dns/message.ts'
import type { TransportName } from '../message/hop.ts'
import type { Family, NameService, Records } from './names.ts'

export interface Service {
  /** Undefined where no record says so: the request has one, or the usual one is taken. */
  readonly transport: TransportName | undefined
  readonly priority: number
  readonly weight: number
  /** Undefined where no record names one. */
  readonly port: number | undefined
  readonly addresses: readonly string[]
}

/** Groups of services that are tried one after the other; within each RFC 2782 chooses. Empty: the name leads nowhere. */
export type Site = readonly (readonly Service[])[]

/** How a name is looked up: its addresses alone, or the services that it has. */
export type Inquiry =
  | { readonly host: string; readonly asks: 'addresses' }
  | {
      readonly host: string
      readonly asks: 'services'
      /** The transports that NAPTR records may choose; none where they are not asked for. */
      readonly naptr: readonly TransportName[]
      /** Those that are asked for by SRV where NAPTR chooses none, the preferred one first. */
      readonly srv: readonly TransportName[]
    }

export interface ServicesOptions {
  readonly names: NameService
  readonly families: readonly Family[]
}

export interface FoundSite {
  readonly value: Site
  readonly ttlSeconds: number
}

/** Each costs questions, and each of its addresses may be sent the request. */
const mostNaptr = 3
const mostTargets = 10
const mostAddresses = 4
/** What was found although somebody did not answer is asked for again soon. */
const uncertainSeconds = 30

const servicePrefixes: Readonly<Record<TransportName, string>> = {
  UDP: '_sip._udp.',
  TCP: '_sip._tcp.',
  TLS: '_sips._tcp.',
}
const naptrServices = new Map<string, TransportName>([
  ['sip+d2u', 'UDP'],
  ['sip+d2t', 'TCP'],
  ['sips+d2t', 'TLS'],
])

/** Throws when no name server says whether the name leads anywhere. */
export async function findSite(inquiry: Inquiry, options: ServicesOptions): Promise<FoundSite> {
  const { names } = options
  const { host } = inquiry
  if (inquiry.asks === 'addresses') return siteOfAddresses(host, options)
  const preferred = inquiry.naptr.length > 0 ? await naptrOf(host, inquiry.naptr, names) : noNaptr
  const asked =
    preferred.records.length > 0
      ? preferred.records.map(({ transport, name }) => ({ transport, records: names.srv('', name) }))
      : inquiry.srv.map((transport) => ({ transport, records: names.srv(servicePrefixes[transport], host) }))
  const answers = await Promise.all(asked.map(async ({ transport, records }) => ({ transport, ...(await records) })))
  const ttlSeconds = Math.min(preferred.ttlSeconds, ...answers.map((answer) => answer.ttlSeconds))
  const offered = answers.filter(({ records }) => records.length > 0)
  if (offered.length === 0) {
    const site = await siteOfAddresses(host, options)
    return { value: site.value, ttlSeconds: Math.min(site.ttlSeconds, ttlSeconds) }
  }
  return siteOfTargets(offered, ttlSeconds, options)
}

const noNaptr: Records<{ transport: TransportName; name: string }> = {
  records: [],
  ttlSeconds: Number.POSITIVE_INFINITY,
}

/** §4.1: those of its NAPTR records that can be used here, the best first. Old servers do not answer for NAPTR: SRV tells the same. */
async function naptrOf(
  host: string,
  transports: readonly TransportName[],
  names: NameService,
): Promise<typeof noNaptr> {
  let answer: Records<NaptrRecord>
  try {
    answer = await names.naptr(host)
  } catch {
    return { records: [], ttlSeconds: uncertainSeconds }
  }
  const usable = [...answer.records]
    .sort((one, other) => one.order - other.order || one.preference - other.preference)
    .flatMap(({ flags, services, replacement }) => {
      const transport = naptrServices.get(services.toLowerCase())
      const isUsable = flags.toLowerCase() === 's' && replacement !== '' && replacement !== '.'
      return isUsable && transport !== undefined && transports.includes(transport)
        ? [{ transport, name: replacement }]
        : []
    })
  return { records: usable.slice(0, mostNaptr), ttlSeconds: answer.ttlSeconds }
}

/** RFC 2782: a target of `.` says that the service is decidedly not there. */
function isOffered({ target, port }: SrvRecord): boolean {
  return target !== '' && target !== '.' && port > 0
}

async function siteOfTargets(
  answers: readonly (Records<SrvRecord> & { readonly transport: TransportName })[],
  ttlSeconds: number,
  options: ServicesOptions,
): Promise<FoundSite> {
  let left = mostTargets
  const groups = answers.map(({ transport, records }) => {
    const targets = records
      .filter(isOffered)
      .sort((one, other) => one.priority - other.priority)
      .slice(0, left)
    left -= targets.length
    return targets.map((target) => ({ transport, ...target }))
  })
  const addresses = await addressesOfAll(
    groups.flat().map(({ target }) => target),
    options,
  )
  const value = groups
    .map((targets) =>
      targets.flatMap(({ transport, priority, weight, port, target }): Service[] => {
        const found = addresses.records.get(target) ?? []
        return found.length > 0 ? [{ transport, priority, weight, port, addresses: found }] : []
      }),
    )
    .filter((services) => services.length > 0)
  return { value, ttlSeconds: Math.min(ttlSeconds, addresses.ttlSeconds) }
}

/** A target that nobody answers for is left out while there are others. */
async function addressesOfAll(targets: readonly string[], options: ServicesOptions) {
  const records = new Map<string, readonly string[]>()
  let ttlSeconds = Number.POSITIVE_INFINITY
  let failure: unknown
  const ask = async (target: string): Promise<void> => {
    try {
      const answer = await addressesOf(target, options)
      records.set(target, answer.records)
      ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds)
    } catch (error) {
      failure = error
      ttlSeconds = Math.min(ttlSeconds, uncertainSeconds)
    }
  }
  await Promise.all([...new Set(targets)].map(ask))
  if (failure !== undefined && records.size === 0) throw failure
  return { records, ttlSeconds }
}

async function addressesOf(host: string, { names, families }: ServicesOptions): Promise<Records<string>> {
  const family = isIP(host)
  if (family !== 0) return { records: [host], ttlSeconds: Number.POSITIVE_INFINITY }
  const known = names.known(host, families)
  const { records, ttlSeconds } = known
    ? { records: known, ttlSeconds: uncertainSeconds }
    : await names.addresses(host, families)
  // Of addresses that cannot be sent to, each would only take the place of another.
  const usable = records.filter((address) => families.some((wanted) => isIP(address) === wanted))
  return { records: usable.slice(0, mostAddresses), ttlSeconds }
}

async function siteOfAddresses(host: string, options: ServicesOptions): Promise<FoundSite> {
  const { records: addresses, ttlSeconds } = await addressesOf(host, options)
  return { value: siteAt(addresses), ttlSeconds }
}

/** A name that has addresses and no more. */
export function siteAt(addresses: readonly string[]): Site {
  return addresses.length === 0 ? [] : [[{ transport: undefined, priority: 0, weight: 0, port: undefined, addresses }]]
}

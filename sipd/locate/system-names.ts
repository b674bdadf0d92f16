/** Names as this machine is set up, by /etc/hosts, resolv.conf and the DNS, and without a thread that a silent server holds. */
import { isIP, isIPv4 } from 'node:net'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { exchangeOn, type NameServer } from '../dns/exchange.ts'
import type { NaptrRecord, RecordType, SrvRecord } from '../dns/message.ts'
import { parseResolvConf, type ResolvConf } from '../dns/resolv-conf.ts'
import { type Answer, type Dns, NoAnswerError, Resolver } from '../dns/resolver.ts'
import { CachedFile } from './cached-file.ts'
import type { Family, NameService, Records } from './names.ts'

/** All that a name may take, its search list included. */
const withinMs = 2000

export interface SystemNamesOptions {
  readonly clock: Clock
  /** NameServer: in place of those of resolv.conf. */
  readonly servers?: readonly NameServer[]
  readonly hostsPath?: string
  readonly resolvConfPath?: string
  /** What asks the DNS; over own sockets unless given. */
  readonly dns?: Dns
}

export class SystemNames implements NameService {
  readonly #clock: Clock
  readonly #hosts: CachedFile<ReadonlyMap<string, readonly string[]>>
  readonly #resolvConf: CachedFile<ResolvConf>
  readonly #dns: Dns

  constructor({
    clock,
    servers = [],
    hostsPath = '/etc/hosts',
    resolvConfPath = '/etc/resolv.conf',
    dns,
  }: SystemNamesOptions) {
    this.#clock = clock
    this.#hosts = new CachedFile(hostsPath, clock, parseHosts)
    this.#resolvConf = new CachedFile(resolvConfPath, clock, parseResolvConf)
    const current = (): readonly NameServer[] => (servers.length > 0 ? servers : this.#resolvConf.get().servers)
    this.#dns = dns ?? new Resolver({ clock, servers: current, exchange: exchangeOn(clock) })
  }

  known(host: string, families: readonly Family[]): readonly string[] | undefined {
    const addresses = this.#hosts.get().get(host.toLowerCase().replace(/\.$/, ''))
    return addresses?.filter((address) => families.some((family) => isIP(address) === family))
  }

  addresses(host: string, families: readonly Family[]): Promise<Records<string>> {
    return this.#within(host, this.#addresses(host, families))
  }

  srv(service: string, host: string): Promise<Records<SrvRecord>> {
    return this.#within(host, this.#first(['SRV'], host, service))
  }

  naptr(host: string): Promise<Records<NaptrRecord>> {
    return this.#within(host, this.#first(['NAPTR'], host))
  }

  #addresses(host: string, families: readonly Family[]): Promise<Records<string>> {
    const types = families.map((family) => (family === 4 ? 'A' : 'AAAA'))
    return this.#first(types, host)
  }

  /** Of the first name in the search list that has any of these records, and of the first of them that it has. */
  async #first<T extends RecordType>(types: readonly T[], host: string, prefix = ''): Promise<Answer<T>> {
    let ttlSeconds = Number.POSITIVE_INFINITY
    for (const name of this.#searched(host))
      for (const type of types) {
        const answer = await this.#dns.ask(type, prefix + name)
        if (answer.records.length > 0) return answer
        ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds)
      }
    return { records: [], ttlSeconds }
  }

  /** resolv.conf(5): the search list is for names without a dot (ndots:1). */
  #searched(host: string): readonly string[] {
    if (host.includes('.')) return [host]
    return [...this.#resolvConf.get().search.map((domain) => `${host}.${domain}`), host]
  }

  async #within<T>(host: string, asked: Promise<T>): Promise<T> {
    let timer: Timer | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#clock.after(withinMs, () =>
        reject(new NoAnswerError(`no answer for ${host} within ${withinMs} ms`)),
      )
    })
    try {
      return await Promise.race([tooLate, asked])
    } finally {
      timer?.cancel()
    }
  }
}

/** hosts(5): an address, then names, in any case; a name may stand several times. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    for (const name of names) {
      const found = addresses.get(name)
      if (!found) addresses.set(name, [address])
      else if (!found.includes(address)) found.push(address)
    }
  }
  for (const found of addresses.values()) found.sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a)))
  return addresses
}

/** Names to addresses as the system is set up, by /etc/hosts and the DNS, and without a thread that a silent server holds. */
import { Resolver } from 'node:dns/promises'
import { isIP, isIPv4 } from 'node:net'
import { codeOf } from '../../lib/errors.ts'
import type { Clock, Timer } from '../../lib/time/clock.ts'
import { CachedFile } from './cached-file.ts'
import type { Family } from './names.ts'

/** All that a name may take, its search list included. */
const withinMs = 2000
/** So that a second server is asked within that time when the first is silent. */
const serverTimeoutMs = 1000
const mostSearched = 6

/** What is asked of a resolver; c-ares sends one datagram for each and holds nothing else. */
export interface NameServers {
  resolve4(name: string): Promise<string[]>
  resolve6(name: string): Promise<string[]>
}

export interface SystemNamesOptions {
  readonly clock: Clock
  readonly hostsPath?: string
  readonly resolvConfPath?: string
  /** Makes the resolver, again when resolv.conf was changed. */
  readonly servers?: () => NameServers
}

export class SystemNames {
  readonly #clock: Clock
  readonly #hosts: CachedFile<ReadonlyMap<string, readonly string[]>>
  readonly #dns: CachedFile<{ readonly search: readonly string[]; readonly servers: NameServers }>

  constructor({
    clock,
    hostsPath = '/etc/hosts',
    resolvConfPath = '/etc/resolv.conf',
    servers = () => new Resolver({ timeout: serverTimeoutMs, tries: 2 }),
  }: SystemNamesOptions) {
    this.#clock = clock
    this.#hosts = new CachedFile(hostsPath, clock, parseHosts)
    this.#dns = new CachedFile(resolvConfPath, clock, (text) => ({ search: parseSearch(text), servers: servers() }))
  }

  /**
   * Addresses of a name in the first of these families that it has any in; none when it has none. Throws when nobody said so, or not
   * within 2 s.
   */
  async lookup(name: string, families: readonly Family[] = [4, 6]): Promise<readonly string[]> {
    const plain = name.toLowerCase().replace(/\.$/, '')
    const known = this.#hosts.get().get(plain)
    if (known) return known.filter((address) => families.some((family) => isIP(address) === family))
    const { search, servers } = this.#dns.get()
    // resolv.conf(5): the search list is for names without a dot (ndots:1).
    const names = name.includes('.') ? [plain] : [...search.map((domain) => `${plain}.${domain}`), plain]
    let timer: Timer | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = this.#clock.after(withinMs, () => reject(new Error(`no answer for ${name} within ${withinMs} ms`)))
    })
    try {
      return await Promise.race([tooLate, firstOf(names, families, servers)])
    } finally {
      timer?.cancel()
    }
  }
}

async function firstOf(
  names: readonly string[],
  families: readonly Family[],
  servers: NameServers,
): Promise<readonly string[]> {
  for (const name of names)
    for (const family of families) {
      const found = await orNone(family === 4 ? servers.resolve4(name) : servers.resolve6(name))
      if (found.length > 0) return found
    }
  return []
}

/** That there is no such name, or no such record of it, is an answer. */
async function orNone(asked: Promise<string[]>): Promise<string[]> {
  try {
    return await asked
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    throw error
  }
}

/** hosts(5): an address, then names, in any case; a name may stand several times. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    for (const name of names) {
      const found = addresses.get(name)
      if (!found) addresses.set(name, [address!])
      else if (!found.includes(address!)) found.push(address!)
    }
  }
  for (const found of addresses.values()) found.sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a)))
  return addresses
}

/** resolv.conf(5): the last `search` or `domain` counts. */
export function parseSearch(text: string): readonly string[] {
  let search: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...domains] = line.trim().toLowerCase().split(/\s+/)
    if (word === 'search' || word === 'domain') search = domains.map((domain) => domain.replace(/\.$/, ''))
  }
  return search.filter((domain) => domain !== '').slice(0, mostSearched)
}

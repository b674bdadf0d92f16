/** resolv.conf(5): which name servers are asked, and where names without a dot are looked for. */
import { isIP } from 'node:net'
import type { NameServer } from './exchange.ts'

export interface ResolvConf {
  readonly servers: readonly NameServer[]
  /** Domains in lower case. */
  readonly search: readonly string[]
}

/** As the C library has them. */
const mostServers = 3
const mostSearched = 6
const dnsPort = 53
/** A machine without any is one that has its own. */
const ownServer: NameServer = { address: '127.0.0.1', port: dnsPort }

/** The last `search` or `domain` counts. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: NameServer[] = []
  let search: readonly string[] = []
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().toLowerCase().split(/\s+/)
    if (word === 'search' || word === 'domain') search = values.map((domain) => domain.replace(/\.$/, ''))
    else if (word === 'nameserver' && isIP(values[0] ?? '') !== 0 && servers.length < mostServers)
      servers.push({ address: values[0] ?? '', port: dnsPort })
  }
  return {
    servers: servers.length > 0 ? servers : [ownServer],
    search: search.filter((domain) => domain !== '').slice(0, mostSearched),
  }
}

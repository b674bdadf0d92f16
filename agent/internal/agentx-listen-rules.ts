/** Rules about agentxListenEntry: what a start could not bind, and what it must not replace. */
import { lstatSync } from 'node:fs'
import { isIP } from 'node:net'
import { codeOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import type { ConfiguredRow, Report, Rule } from '../../lib/mib/rules.ts'
import { canonicalAddress, isWildcardAddress } from '../../lib/net/address.ts'
import { agentxSocket } from '../trust/trust.ts'
import { isOfThisMachine } from './listen-rules.ts'
import { type AgentxPlace, agentxListenTable, agentxPlaceOf } from './listen-tables.ts'

/** sun_path of sockaddr_un has room for 107 octets and a NUL (unix(7)). */
const maxSocketPathOctets = 107

type Entry = ConfiguredRow<{ readonly agentxListenAddress: string }>

export function agentxListenRule(home: Home): Rule {
  return (rows, report) => {
    const entries = rows.of(agentxListenTable)
    const listening = entries.filter(({ row }) => row.agentxListenAddress !== 'none')
    if (listening.length === 0) return
    for (const none of entries.filter((entry) => !listening.includes(entry)))
      report.warn(none.placeOf('agentxListenAddress'), 'agentxListenEntry none means nothing beside other entries')
    const good: { readonly place: AgentxPlace; readonly entry: Entry }[] = []
    for (const entry of listening) {
      const place = checkPlace(entry, home, report)
      if (!place) continue
      const other = good.find((before) => isSame(before.place, place))
      if (other)
        report.error(
          entry.placeOf('agentxListenAddress'),
          `agentxListenEntry ${entry.row.agentxListenAddress} is the same as the one in line ${other.entry.placeOf().line}`,
        )
      good.push({ place, entry })
    }
  }
}

/** Undefined, after a complaint, for what names no place. */
function checkPlace({ row, placeOf }: Entry, home: Home, report: Report): AgentxPlace | undefined {
  const at = placeOf('agentxListenAddress')
  const place = agentxPlaceOf(home, row.agentxListenAddress)
  if (!place) report.error(at, `agentxListenEntry must be a path or tcp:HOST:PORT, got ${row.agentxListenAddress}`)
  else if ('path' in place) {
    const mistake = ownSocketMistake(place.path, home) ?? pathMistake(place.path)
    if (mistake !== undefined) report.error(at, mistake)
  } else if (isIP(place.host) !== 0) {
    if (!isOfThisMachine(place.host))
      report.warn(at, `${place.host} is an address of no interface now; the agent cannot start until it is`)
  } else if (place.host !== 'localhost')
    report.warn(at, `${place.host} is looked up at each start, which fails when it has no address`)
  return place
}

/** Nothing that a line of the file says may open the sockets of our own processes to others. */
function ownSocketMistake(path: string, home: Home): string | undefined {
  const domain = (['subagents', 'sipd'] as const).find((one) => agentxSocket(home, one) === path)
  return domain && `the agent keeps this socket for our own ${domain}; name another path than ${path}`
}

function pathMistake(path: string): string | undefined {
  const octets = Buffer.byteLength(path)
  if (octets > maxSocketPathOctets)
    return `the path of a socket has at most ${maxSocketPathOctets} octets; ${path} has ${octets}`
  // A start removes the socket that an agent before it left there, and must remove nothing else.
  try {
    return lstatSync(path).isSocket() ? undefined : `${path} is there and is no socket; name another path`
  } catch (error) {
    return codeOf(error) === 'ENOTDIR' ? `a part of ${path} is a file, not a folder` : undefined
  }
}

/** Whether the second of two could not be bound; a wildcard takes the port of all addresses of its family. */
function isSame(a: AgentxPlace, b: AgentxPlace): boolean {
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path
  if (a.port !== b.port || a.port === 0 || isIP(a.host) !== isIP(b.host)) return false
  const isWild = isIP(a.host) !== 0 && (isWildcardAddress(a.host) || isWildcardAddress(b.host))
  return isWild || canonicalAddress(a.host) === canonicalAddress(b.host)
}

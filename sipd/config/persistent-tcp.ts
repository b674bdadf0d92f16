/** persistent_tcp.conf: the peers whose TCP connections are kept open, whatever SipTcpReuseConnection says. */
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { readHost } from './declare/kinds.ts'

export interface PersistentPeer {
  readonly host: string
  readonly port: number
}

const defaultPort = 5060
/** As many lines as a person would write. */
const mostPeers = 1000

/** One peer a line: `host`, `host:port` or `[IPv6 address]:port`; `#` begins a comment. */
export function parsePersistentTcp(
  text: string,
  file: string,
): { readonly peers: readonly PersistentPeer[]; readonly complaints: readonly Complaint[] } {
  const peers: PersistentPeer[] = []
  const complaints: Complaint[] = []
  const lineOf = new Map<string, number>()
  for (const [i, written] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = written.replace(/(^|\s)#.*$/, '')
    const wanted = line.trim()
    if (wanted === '') continue
    const complain = (message: string): void => {
      complaints.push({ file, line: i + 1, column: line.search(/\S/) + 1, message })
    }
    const peer = parsePeer(wanted)
    if (!peer) {
      complain(`a peer is to be host or host:port such as 192.0.2.1:5060, not ${JSON.stringify(wanted)}`)
      continue
    }
    const key = `${peer.host} port ${peer.port}`
    const before = lineOf.get(key)
    if (before !== undefined) complain(`${key} is there already, in line ${before}`)
    else if (peers.length === mostPeers) complain(`there may be ${mostPeers} peers at most`)
    else {
      lineOf.set(key, i + 1)
      peers.push(Object.freeze(peer))
    }
    if (complaints.length > mostPeers) break
  }
  return { peers: Object.freeze(peers), complaints }
}

function parsePeer(text: string): PersistentPeer | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const host = readHost(match?.[1] ?? '')
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

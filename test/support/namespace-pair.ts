/** Two hosts with a link between them, in namespaces of a test's own: the one under test, and a peer that asks it. */
import { NetworkNamespace } from './network-namespace.ts'

/** Of the host: two addresses of each family, and one more on its loopback, as a VIP of OSPF or a load balancer has it. */
export const hostAddresses = {
  v4: '10.77.0.1',
  v4Second: '10.77.0.5',
  v4Vip: '10.99.0.9',
  v6: 'fd77::1',
  v6Second: 'fd77::5',
  v6Vip: 'fd99::9',
} as const

const setup = `
ip link add hv0 type veth peer name hv1
ip addr add 10.77.0.1/24 dev hv0
ip addr add 10.77.0.5/24 dev hv0
ip addr add fd77::1/64 dev hv0 nodad
ip addr add fd77::5/64 dev hv0 nodad
ip addr add 10.99.0.9/32 dev lo
ip addr add fd99::9/128 dev lo nodad
echo 0 > /proc/sys/net/ipv6/conf/hv0/accept_dad
`

const peerSetup = [
  'ip link set lo up',
  'echo 0 > /proc/sys/net/ipv6/conf/hv1/accept_dad',
  'ip addr add 10.77.0.2/24 dev hv1',
  'ip addr add fd77::2/64 dev hv1 nodad',
  'ip link set hv1 up',
  'ip route add 10.99.0.9/32 via 10.77.0.1',
  'ip -6 route add fd99::9/128 via fd77::1',
].join(' && ')

export class NamespacePair {
  readonly host: NetworkNamespace
  readonly #peerPid: number

  private constructor(host: NetworkNamespace, peerPid: number) {
    this.host = host
    this.#peerPid = peerPid
  }

  static async create(): Promise<NamespacePair> {
    const host = await NetworkNamespace.create(setup)
    const holder = await host.start('unshare', '-n', 'sh', '-c', 'echo ready; exec sleep infinity')
    const pair = new NamespacePair(host, holder.pid!)
    await host.run('ip', 'link', 'set', 'hv1', 'netns', `${holder.pid}`)
    await host.run('ip', 'link', 'set', 'hv0', 'up')
    await pair.inPeer('sh', '-c', peerSetup)
    return pair
  }

  /** What a command prints that runs at the peer; rejects when it fails. */
  inPeer(...words: readonly string[]): Promise<string> {
    return this.host.run(...this.atPeer(...words))
  }

  /** The words that run a command at the peer, for `host.start`. */
  atPeer(...words: readonly string[]): string[] {
    return ['nsenter', '-t', `${this.#peerPid}`, '-n', '--', ...words]
  }

  stop(): Promise<void> {
    return this.host.stop()
  }
}

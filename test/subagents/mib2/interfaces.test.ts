import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import { cutOctets, octetsOf, textOf } from '../../../lib/text/octets.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { SystemFiles } from '../../../subagents/mib2/files.ts'
import { interfacesModule } from '../../../subagents/mib2/if-mib.ts'
import {
  ifOperStatus,
  ifType,
  toIfRcvAddressRows,
  toIfRow,
  toIfStackRows,
  toIfXRow,
} from '../../../subagents/mib2/interfaces.ts'
import { Links } from '../../../subagents/mib2/known-links.ts'
import {
  type Link,
  type LinkCounters,
  LinkReader,
  parseCounters,
  parseDevMulticast,
  parseHardwareAddress,
  parseNetDevLines,
} from '../../../subagents/mib2/links.ts'

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 614367517  401234    0    0    0     0          0         0 614367517  401234    0    0    0     0       0          0
  eth0:18446744073709551615 90 3 4 0 0 0 40 5 6 7 8 0 0 0 0
broken: 1 2 x
`

const parseNetDev = (text: string): Map<string, LinkCounters> =>
  new Map(
    [...parseNetDevLines(text)].flatMap(([name, line]) => {
      const counters = parseCounters(line)
      return counters ? [[name, counters] as const] : []
    }),
  )

test('/proc/net/dev is read by interface, whatever the blanks, and a line that is not of its form is left out', () => {
  assert.deepEqual([...parseNetDev(netDev).keys()], ['lo', 'eth0'])
  assert.deepEqual(parseNetDev(netDev).get('eth0'), {
    inOctets: 18_446_744_073_709_551_615n,
    inPackets: 90n,
    inErrors: 3n,
    inDropped: 4n,
    inMulticast: 40n,
    outOctets: 5n,
    outPackets: 6n,
    outErrors: 7n,
    outDropped: 8n,
  })
})

const eth0: Link = {
  index: 2,
  identity: 4711,
  name: 'eth0',
  hardwareType: 1,
  mtu: 1500,
  speedMegabits: 10_000,
  address: parseHardwareAddress('02:fc:00:00:00:01'),
  broadcast: parseHardwareAddress('ff:ff:ff:ff:ff:ff'),
  isAdminUp: true,
  isPromiscuous: false,
  operState: 'up',
  alias: 'uplink',
  hasConnector: true,
  isBridge: false,
  isBond: false,
  isWireless: false,
  isVlan: false,
  lower: [],
  counters: parseNetDev(netDev).get('eth0')!,
}

test('a link becomes rows of ifTable and ifXTable, with counters of 32 and of 64 bits', () => {
  const row = toIfRow(eth0, 5)
  assert.deepEqual(
    [row.ifInOctets, row.ifInUcastPkts, row.ifSpeed, row.ifOutDiscards],
    [0xffff_ffff, 50, 0xffff_ffff, 8],
  )
  const extended = toIfXRow(eth0, 0)
  assert.deepEqual(
    [extended.ifHCInOctets, extended.ifHighSpeed, extended.ifAlias],
    [18_446_744_073_709_551_615n, 10_000, 'uplink'],
  )
})

test('types and states of Linux become those of IF-MIB', () => {
  const type = (over: Partial<Link>) => ifType({ ...eth0, ...over })
  assert.deepEqual(
    [
      type({}),
      type({ hardwareType: 772 }),
      type({ isBridge: true }),
      type({ hardwareType: 65_534 }),
      type({ hardwareType: 4711 }),
    ],
    ['ethernetCsmacd', 'softwareLoopback', 'bridge', 'tunnel', 'other'],
  )
  const state = (operState: string, isAdminUp = true) => ifOperStatus({ operState, isAdminUp })
  assert.deepEqual(
    [state('up'), state('unknown'), state('unknown', false), state('lowerlayerdown'), state('odd')],
    ['up', 'up', 'down', 'lowerLayerDown', 'unknown'],
  )
})

test('links that stand on others are layers of ifStackTable, and only the lowest are told of', () => {
  const bridge = { ...eth0, index: 5, name: 'br0', lower: ['eth0', 'tap0'] }
  const tap = { ...eth0, index: 7, name: 'tap0' }
  const pairs = toIfStackRows([eth0, bridge, tap]).map((row) => [row.ifStackHigherLayer, row.ifStackLowerLayer])
  assert.deepEqual(pairs, [
    [2, 0],
    [0, 5],
    [5, 2],
    [5, 7],
    [7, 0],
  ])
  assert.equal(toIfXRow(bridge, 0).ifLinkUpDownTrapEnable, 'disabled')
  assert.equal(toIfXRow(tap, 0).ifLinkUpDownTrapEnable, 'enabled')
})

test('a link listens to its own address, to broadcasts, and to the groups of /proc/net/dev_mcast', () => {
  const groups = parseDevMulticast(
    '2    eth0            1     0     01005e000001\n9    gone            1     0     333300000001\nodd\n',
  )
  assert.deepEqual(
    toIfRcvAddressRows([eth0], groups).map((row) => [
      row.ifIndex,
      Buffer.from(row.ifRcvAddressAddress).toString('hex'),
      row.ifRcvAddressType,
    ]),
    [
      [2, '01005e000001', 'volatile'],
      [2, '02fc00000001', 'nonVolatile'],
      [2, 'ffffffffffff', 'nonVolatile'],
    ],
  )
})

test('an alias that is too long for ifAlias ends with a whole character', () => {
  assert.equal(textOf(cutOctets(octetsOf('uplink é'), 64)), 'uplink é')
  assert.equal(textOf(cutOctets(octetsOf('aéé'), 4)), 'aé')
})

test('this machine has a loopback that is up, and a machine without /proc has no links', async () => {
  const loopback = (await new LinkReader(new SystemFiles()).read()).find(({ name }) => name === 'lo')
  assert.ok(loopback)
  assert.equal(ifType(loopback), 'softwareLoopback')
  const files = new SystemFiles('/no/such/root')
  const missing: string[] = []
  files.onMissing = (path) => missing.push(path)
  const reader = new LinkReader(files)
  assert.deepEqual([await reader.read(), await reader.read()], [[], []])
  assert.deepEqual(missing, ['/proc/net/dev'], 'said once')
})

class NoFiles extends SystemFiles {
  override async text(): Promise<undefined> {}
}

/** The module over links that `change` replaces; each change is seen by a sample before it returns. */
async function watchLinks(links: Link[]) {
  const clock = new ManualClock()
  let present = links
  const notified: string[] = []
  const { module } = interfacesModule(new NoFiles(), new Links({ read: async () => present }))
  await module.start!({
    clock,
    log: silentLog,
    signal: new AbortController().signal,
    upTimeTicks: () => Math.floor(clock.monotonicMs() / 10),
    notify: (notification, index, values) =>
      void notified.push(
        `${notification.name} ${JSON.stringify(index)} ${(values as { ifOperStatus?: string }).ifOperStatus}`,
      ),
  })
  const rowOf = (name: string, ifIndex: number): Readonly<Record<string, unknown>> | undefined =>
    module.tables.find(({ table }) => table.definition.name === name)!.table.getAny([ifIndex])
  return {
    notified,
    async change(next: Link[]): Promise<void> {
      present = next
      for (let second = 0; second < 10; second++) {
        clock.advance(1000)
        await new Promise(setImmediate)
      }
    },
    times: (ifIndex: number) => [
      rowOf('ifTable', ifIndex)?.ifLastChange,
      rowOf('ifXTable', ifIndex)?.ifCounterDiscontinuityTime,
    ],
  }
}

test('a link that goes down and up has one notification each way, and one that goes is notified as not present', async () => {
  const { notified, change } = await watchLinks([eth0])
  await change([eth0])
  assert.deepEqual(notified, [])
  await change([{ ...eth0, operState: 'down' }])
  await change([eth0, { ...eth0, index: 5, name: 'br0', lower: ['eth0'] }])
  await change([])
  assert.deepEqual(notified, [
    'linkDown {"ifIndex":2} down',
    'linkUp {"ifIndex":2} up',
    'linkDown {"ifIndex":2} notPresent',
  ])
})

test('a link made again with the index of one that was up: linkDown, linkUp, and its counters begin (RFC 2863)', async () => {
  const { notified, change, times } = await watchLinks([eth0])
  await change([eth0])
  assert.deepEqual(times(2), [0, 0])
  // Its counters are higher than those of the one before it: only the kernel's number of it tells.
  const counters = { ...eth0.counters, outOctets: eth0.counters.outOctets + 1000n }
  await change([{ ...eth0, identity: 4712, name: 'tun0', hardwareType: 65_534, operState: 'unknown', counters }])
  assert.deepEqual(notified, ['linkDown {"ifIndex":2} notPresent', 'linkUp {"ifIndex":2} up'])
  assert.deepEqual(times(2), [1200, 1200])
})

test('counters that begin again are a discontinuity and no change of state; so do those of a link that comes later', async () => {
  const { notified, change, times } = await watchLinks([eth0])
  await change([eth0])
  await change([
    { ...eth0, counters: { ...eth0.counters, inOctets: 5n } },
    { ...eth0, index: 9, name: 'eth1' },
  ])
  assert.deepEqual(times(2), [0, 1200])
  assert.deepEqual(times(9), [1200, 1200])
  await change([{ ...eth0, counters: { ...eth0.counters, inOctets: 6n } }])
  assert.deepEqual(times(2), [0, 1200], 'and stays when')
  assert.deepEqual(notified, ['linkDown {"ifIndex":9} notPresent'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../lib/clock.ts'
import { silentLog } from '../../../lib/log.ts'
import { mib2Module } from '../../../subagents/mib2/index.ts'
import { ifOperStatus, ifType, toIfRow, toIfXRow } from '../../../subagents/mib2/interfaces.ts'
import { type Link, parseHardwareAddress, parseNetDev, readLinks } from '../../../subagents/mib2/links.ts'

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 614367517  401234    0    0    0     0          0         0 614367517  401234    0    0    0     0       0          0
  eth0:18446744073709551615 90 3 4 0 0 0 40 5 6 7 8 0 0 0 0
broken: 1 2 x
`

test('/proc/net/dev is read by interface, whatever the blanks, and a line that is not of its form is left out', () => {
  const links = parseNetDev(netDev)
  assert.deepEqual([...links.keys()], ['lo', 'eth0'])
  assert.deepEqual(links.get('eth0'), {
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
  name: 'eth0',
  hardwareType: 1,
  mtu: 1500,
  speedMegabits: 10_000,
  address: parseHardwareAddress('02:fc:00:00:00:01'),
  isAdminUp: true,
  isPromiscuous: false,
  operState: 'up',
  alias: 'uplink',
  hasConnector: true,
  isBridge: false,
  isWireless: false,
  isVlan: false,
  counters: parseNetDev(netDev).get('eth0')!,
}

test('a link becomes rows of ifTable and ifXTable, with counters of 32 and of 64 bits', () => {
  const row = toIfRow(eth0, 5)
  assert.deepEqual(
    [row.ifInOctets, row.ifInUcastPkts, row.ifSpeed, row.ifOutDiscards],
    [0xffff_ffff, 50, 0xffff_ffff, 8],
  )
  const extended = toIfXRow(eth0)
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

test('this machine has a loopback that is up', () => {
  const loopback = readLinks().find(({ name }) => name === 'lo')
  assert.ok(loopback)
  assert.equal(ifType(loopback), 'softwareLoopback')
  assert.equal(readLinks('/no/such/root').length, 0, 'a machine without /proc has no links, and that is all')
})

test('a link that goes down and up is told once each way, and one that goes is told as not present', async () => {
  const clock = new ManualClock()
  let present: Link[] = [eth0]
  const told: string[] = []
  const { module } = mib2Module(() => present)
  await module.start!({
    clock,
    log: silentLog,
    signal: new AbortController().signal,
    upTimeTicks: () => Math.floor(clock.monotonicMs() / 10),
    notify: (notification, index, values) =>
      void told.push(
        `${notification.name} ${JSON.stringify(index)} ${(values as { ifOperStatus?: string }).ifOperStatus}`,
      ),
  })
  clock.advance(10_000)
  assert.deepEqual(told, [])
  present = [{ ...eth0, operState: 'down' }]
  clock.advance(10_000)
  present = [eth0]
  clock.advance(10_000)
  present = []
  clock.advance(10_000)
  assert.deepEqual(told, [
    'linkDown {"ifIndex":2} down',
    'linkUp {"ifIndex":2} up',
    'linkDown {"ifIndex":2} notPresent',
  ])
})

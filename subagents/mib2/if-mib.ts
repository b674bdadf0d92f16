/** The module of the system group and IF-MIB: links sampled in the background and watched for those that change. */
import { hostname, type as osType, release, version } from 'node:os'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { textOf } from '../../lib/octets.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { SystemFiles } from './files.ts'
import { isTold, toIfRcvAddressRows, toIfRow, toIfStackRows, toIfXRow } from './interfaces.ts'
import type { Links } from './known-links.ts'
import { type Link, parseDevMulticast } from './links.ts'
import {
  ifMibObjects,
  ifRcvAddressTable,
  ifStackTable,
  ifTable,
  ifXTable,
  interfacesGroup,
  linkDown,
  linkUp,
  systemGroup,
} from './mib.ts'
import { Sampler } from './sampler.ts'

const linksEveryMs = 2_000

export const sysObjectId = oid('1.3.6.1.4.1.32473.1.1')

export function interfacesModule(files: SystemFiles, known: Links) {
  let upTimeTicks = (): number => 0
  const system = serve(systemGroup, { live: { sysUpTime: () => upTimeTicks() } })
  system.table.put({
    sysDescr: `Castellan on ${osType()} ${release()} ${version()}`.slice(0, 255),
    sysObjectID: sysObjectId,
    sysContact: '',
    sysName: hostname(),
    sysLocation: '',
    sysServices: 72, // RFC 3418: a host offering application services, layers 4 and 7
  })
  const interfaces = serve(interfacesGroup, { live: { ifNumber: () => links.table.size } })
  interfaces.table.put({})
  const links = serve(ifTable)
  const extended = serve(ifXTable)
  const stack = serve(ifStackTable)
  const received = serve(ifRcvAddressTable)
  const changes = serve(ifMibObjects)
  changes.table.put({ ifTableLastChange: 0, ifStackLastChange: 0 })
  let isFirst = true

  const sampler = new Sampler('links', linksEveryMs, async (host) => {
    const found = await known.read()
    const groups = parseDevMulticast((await files.text('/proc/net/dev_mcast')) ?? '')
    const now = isFirst ? 0 : upTimeTicks()
    const before = new Map([...links.table.rows()].map((row) => [row.ifIndex, row]))
    const rows = found.map((link) => toIfRow(link, lastChangeOf(link, before.get(link.index), now)))
    links.table.replaceAll(rows)
    extended.table.replaceAll(found.map(toIfXRow))
    received.table.replaceAll(toIfRcvAddressRows(found, groups))
    const layers = stackOf(stack.table.rows())
    stack.table.replaceAll(toIfStackRows(found))
    if (!isFirst) {
      const { ifTableLastChange, ifStackLastChange } = changes.table.get({})!
      const hasOtherLinks = rows.length !== before.size || rows.some(({ ifIndex }) => !before.has(ifIndex))
      const hasOtherLayers = layers !== stackOf(stack.table.rows())
      changes.table.put({
        ifTableLastChange: hasOtherLinks ? now : ifTableLastChange,
        ifStackLastChange: hasOtherLayers ? now : ifStackLastChange,
      })
      tellChanges(host, before, rows, found)
    }
    isFirst = false
  })

  /** Links that were told of when they came are told of when they go; the last sample says which. */
  let toldOf = new Set<number>()
  const tellChanges = (host: ModuleHost, before: Map<number, IfRow>, rows: IfRow[], found: readonly Link[]): void => {
    const now = new Set(found.filter(isTold).map(({ index }) => index))
    for (const row of rows) {
      const was = before.get(row.ifIndex)
      if (was && was.ifOperStatus !== row.ifOperStatus && now.has(row.ifIndex)) tell(host, was, row)
    }
    const present = new Set(rows.map(({ ifIndex }) => ifIndex))
    for (const [index, was] of before) {
      const isGone = !present.has(index) && was.ifOperStatus === 'up'
      if (isGone && toldOf.has(index)) tell(host, was, { ...was, ifOperStatus: 'notPresent' })
    }
    toldOf = now
  }

  const module: MibModule = {
    name: 'mib2',
    description: 'SNMPv2-MIB system group and IF-MIB (RFC 3418, RFC 2863)',
    oid: oid('1.3.6.1.2.1.31'),
    tables: [system, interfaces, links, extended, stack, received, changes].map(anyServing),
    notifications: [linkDown, linkUp],
    async start(host) {
      upTimeTicks = () => host.upTimeTicks()
      files.onMissing = (path) =>
        host.log.warn('a file of the kernel is missing, and rows with it', { path: textOf(path) })
      await sampler.start(host)
      toldOf = new Set(known.all.filter(isTold).map(({ index }) => index))
    },
  }
  return { module, configured: [anyServing(system)] }
}

type IfRow = RowOf<typeof ifTable>

function lastChangeOf(link: Link, before: IfRow | undefined, now: number): number {
  if (!before) return now
  return before.ifOperStatus === toIfRow(link, 0).ifOperStatus ? before.ifLastChange : now
}

const stackOf = (rows: Iterable<RowOf<typeof ifStackTable>>): string =>
  [...rows].map(({ ifStackHigherLayer, ifStackLowerLayer }) => `${ifStackHigherLayer}.${ifStackLowerLayer}`).join(' ')

/** RFC 2863 §3.1.15: linkUp on leaving down, linkDown on entering it; here every way out of up counts as down. */
function tell(host: ModuleHost, before: IfRow, after: IfRow): void {
  const { ifIndex, ifDescr, ifAdminStatus, ifOperStatus } = after
  if (before.ifOperStatus !== 'up' && ifOperStatus !== 'up') return
  const notification = ifOperStatus === 'up' ? linkUp : linkDown
  const sentence = `link ${textOf(ifDescr)} went from ${before.ifOperStatus} to ${ifOperStatus}`
  host.notify(notification, { ifIndex }, { ifIndex, ifAdminStatus, ifOperStatus }, sentence)
}

/** Network devices as /sys/class/net shows them. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { hrDeviceTable } from './mib.ts'
import type { Source } from './source.ts'

export interface NetworkDevice {
  readonly name: string
  readonly ifIndex: number
  readonly status: RowOf<typeof hrDeviceTable>['hrDeviceStatus']
  readonly errors: number
}

const upFlag = 0x1
const states: Readonly<Record<string, NetworkDevice['status']>> = {
  up: 'running',
  testing: 'testing',
  dormant: 'warning',
  down: 'down',
  lowerlayerdown: 'down',
  notpresent: 'down',
}

/** Undefined when it went while it was read. */
export function readNetworkDevice(source: Source, name: string): NetworkDevice | undefined {
  const read = (file: string): string => source.read(`/sys/class/net/${name}/${file}`)?.trim() ?? ''
  const ifIndex = Number(read('ifindex'))
  if (!(ifIndex > 0)) return undefined
  const isUp = (Number(read('flags')) & upFlag) !== 0
  const errors = Number(read('statistics/rx_errors')) + Number(read('statistics/tx_errors'))
  // Loopback and tunnels say `unknown` while they work.
  return { name, ifIndex, status: states[read('operstate')] ?? (isUp ? 'running' : 'down'), errors: errors >>> 0 }
}

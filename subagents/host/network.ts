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

/** Errors received and sent by each interface, of /proc/net/dev: one file, where /sys has two for each. */
export function parseErrors(text: string): Map<string, number> {
  const errors = new Map<string, number>()
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':')
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
    if (colon >= 0) errors.set(line.slice(0, colon).trim(), (Number(fields[2]) + Number(fields[10])) >>> 0)
  }
  return errors
}

/** Undefined when it went while it was read. */
export function readNetworkDevice(source: Source, name: string, errors: number): NetworkDevice | undefined {
  const read = (file: string): string => source.read(`/sys/class/net/${name}/${file}`)?.trim() ?? ''
  const ifIndex = Number(read('ifindex'))
  if (!(ifIndex > 0)) return undefined
  const isUp = (Number(read('flags')) & upFlag) !== 0
  // Loopback and tunnels say `unknown` while they work.
  return { name, ifIndex, status: states[read('operstate')] ?? (isUp ? 'running' : 'down'), errors }
}

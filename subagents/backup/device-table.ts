/** drsDeviceTable: the devices, their validation, and what a SET may do to them. */
import type { Answer } from '../../lib/backup/inquiry.ts'
import { type DeviceSettings, isDrsName, mostDevices } from '../../lib/backup/settings.ts'
import type { ChangesOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { rowsBeside, whatChanged } from './beside.ts'
import { drsDeviceTable } from './mib.ts'
import { type DeviceRow, deviceMistake, isSameDevice, settingsOf } from './settings.ts'

type DeviceChange = Change<DeviceRow, ChangesOf<typeof drsDeviceTable>>

export interface DeviceEvents {
  /** Of an active row that is new or another device now, or that somebody wants to be looked at. */
  toValidate(row: DeviceRow): void
  removed(row: DeviceRow): void
  /** Whether a schedule names it. */
  isUsed(index: number): boolean
  /** `what` such as `added` or `changed: drsDevicePath`; no values, for a password may be among them. */
  changed(row: DeviceRow, what: string): void
}

export class DeviceTable {
  readonly served
  readonly #events: DeviceEvents

  constructor(events: DeviceEvents) {
    this.#events = events
    this.served = serve(drsDeviceTable, {
      derive: ({ before, after }) => (before && !isSameDevice(before, after) ? { ...after, ...unknownState } : after),
      isComplete: (row) => deviceMistake(row) === undefined,
      test: (change) => this.#test(change),
      commit: (change) => ({ finish: () => this.#apply(change) }),
    })
  }

  get(drsDeviceIndex: number): DeviceRow | undefined {
    return this.served.table.get({ drsDeviceIndex })
  }

  /** In ascending order. */
  get indexes(): number[] {
    return [...this.served.table.rows()].map(({ drsDeviceIndex }) => drsDeviceIndex)
  }

  /** 0 where there is none of that name. */
  named(name: string): number {
    return [...this.served.table.rows()].find((row) => row.drsDeviceName === name)?.drsDeviceIndex ?? 0
  }

  /** Undefined where there is no such device, or it is not in service. */
  settings(index: number): DeviceSettings | undefined {
    const row = this.get(index)
    const isWhole = row?.drsDeviceRowStatus === 'active' && deviceMistake(row) === undefined
    return isWhole ? settingsOf(row) : undefined
  }

  /** `asked` is the row that was looked at; one that has changed meanwhile is another device. */
  show(asked: DeviceRow, answer: Answer, now: Date): void {
    const row = this.get(asked.drsDeviceIndex)
    if (!row || !isSameDevice(asked, row)) return
    const { failure, hostKey, freeBytes } = answer
    const fault = failure?.fault === 'unknown' ? 'unreachable' : failure?.fault
    this.served.table.patch(row, {
      drsDeviceOperStatus: fault ?? 'ready',
      drsDeviceError: truncateUtf8(failure?.sentence ?? '', 1024),
      drsDeviceLastCheck: now,
      ...(hostKey === undefined ? {} : { drsDeviceShownHostKey: truncateUtf8(hostKey, 1024) }),
      ...(freeBytes === undefined ? {} : { drsDeviceFreeKBytes: kBytes(freeBytes) }),
    })
  }

  #test({ before, after, alongside }: DeviceChange): Refusal | undefined {
    if (!after) {
      const isNamed = before !== undefined && this.#events.isUsed(before.drsDeviceIndex)
      return isNamed ? { status: 'inconsistentValue', column: 'drsDeviceRowStatus' } : undefined
    }
    if (!isDrsName(after.drsDeviceName)) return { status: 'wrongValue', column: 'drsDeviceName' }
    const others = rowsBeside(this.served.table.rows(), { row: after, alongside }, (one) => one.drsDeviceIndex)
    if (others.some(({ drsDeviceName }) => drsDeviceName === after.drsDeviceName))
      return { status: 'inconsistentValue', column: 'drsDeviceName' }
    const likeIt = others.filter((one) => isKept(one) === isKept(after))
    if (!before && likeIt.length >= mostDevices) return { status: 'resourceUnavailable', column: 'drsDeviceRowStatus' }
    return undefined
  }

  #apply({ before, after, changes }: DeviceChange): void {
    const shown = after ?? before
    if (shown) this.#events.changed(shown, whatChanged({ before, after, changes }))
    if (!after) {
      if (before) this.#events.removed(before)
      return
    }
    if (after.drsDeviceRowStatus !== 'active') return
    const isOther = before?.drsDeviceRowStatus !== 'active' || !isSameDevice(before, after)
    if (isOther || changes.drsDeviceValidate === 'validate') this.#events.toValidate(after)
  }
}

/** Those of tasks that other nodes give are volatile, and take no place of a device of this node's own. */
const isKept = ({ drsDeviceStorageType }: DeviceRow): boolean => drsDeviceStorageType !== 'volatile'

const unknownState = {
  drsDeviceOperStatus: 'unknown',
  drsDeviceError: '',
  drsDeviceLastCheck: 'never',
  drsDeviceFreeKBytes: 0,
  drsDeviceShownHostKey: '',
} as const

/** Units of 1024 octets, as much as the object can say. */
export function kBytes(octets: number): number {
  return Math.min(Math.ceil(octets / 1024), 0xffff_ffff)
}

/** A row of drsDeviceTable as the settings that a job gets, and what a row must have to be such settings. */
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import type { drsDeviceTable } from './mib.ts'

export type DeviceRow = RowOf<typeof drsDeviceTable>

/** What a device of that kind cannot do without, and the row lacks: a column, and a sentence. */
export interface DeviceMistake {
  readonly column: keyof DeviceRow & string
  readonly sentence: string
}

export function deviceMistake(row: DeviceRow): DeviceMistake | undefined {
  const { drsDeviceType: type, drsDevicePath: path } = row
  const lacks = (column: DeviceMistake['column'], what: string): DeviceMistake | undefined => {
    const value = row[column]
    const isEmpty = typeof value === 'string' ? value === '' : value instanceof Uint8Array && value.length === 0
    return isEmpty ? { column, sentence: `a ${type} device needs ${what}` } : undefined
  }
  if (type === 'tape') return lacks('drsDeviceTapeId', 'the path of a tape drive, such as /dev/nst0')
  const withoutPath = lacks('drsDevicePath', 'a directory that exists')
  if (withoutPath) return withoutPath
  if (type === 'local') {
    const sentence = `the directory of a local device must begin with /, got ${path}`
    return path.startsWith('/') ? undefined : { column: 'drsDevicePath', sentence }
  }
  return (
    lacks('drsDeviceServer', 'the name or the address of a server') ??
    lacks('drsDeviceUserName', 'a user name') ??
    (row.drsDevicePrivateKey.length > 0 ? undefined : lacks('drsDevicePassword', 'a password or a private key'))
  )
}

/** `deviceMistake` found nothing in the row. */
export function settingsOf(row: DeviceRow): DeviceSettings {
  const { drsDeviceName: name, drsDeviceRetention: retention, drsDevicePath: path } = row
  switch (row.drsDeviceType) {
    case 'local':
      return { type: 'local', name, path, retention }
    case 'tape':
      return { type: 'tape', name, tapeId: row.drsDeviceTapeId, retention }
    case 'network': {
      const { drsDeviceHostKey: hostKey, drsDeviceMaxKBytesPerSecond: maxKBytesPerSecond } = row
      const privateKey = Buffer.from(row.drsDevicePrivateKey).toString('utf8')
      const password = Buffer.from(row.drsDevicePassword).toString('utf8')
      return {
        ...{ type: 'network', name, path, retention },
        ...{ server: row.drsDeviceServer, port: row.drsDevicePort, userName: row.drsDeviceUserName },
        ...(privateKey === '' ? { password } : { privateKey }),
        ...(hostKey === '' ? {} : { hostKey }),
        ...(maxKBytesPerSecond === 0 ? {} : { maxKBytesPerSecond }),
        ...(row.drsDeviceAllowOldAlgorithms ? { allowsOldAlgorithms: true } : {}),
      }
    }
  }
}

/** The other way: what a row must have to be such settings, without its name. */
export function deviceColumnsOf(device: DeviceSettings): ChangesOf<typeof drsDeviceTable> {
  const shared = { drsDeviceType: device.type, drsDeviceRetention: device.retention }
  switch (device.type) {
    case 'local':
      return { ...shared, drsDevicePath: device.path }
    case 'tape':
      return { ...shared, drsDeviceTapeId: device.tapeId }
    case 'network':
      return {
        ...shared,
        drsDevicePath: device.path,
        drsDeviceServer: device.server,
        drsDevicePort: device.port,
        drsDeviceUserName: device.userName,
        drsDevicePassword: Buffer.from(device.password ?? ''),
        drsDevicePrivateKey: Buffer.from(device.privateKey ?? ''),
        drsDeviceHostKey: device.hostKey ?? '',
        drsDeviceMaxKBytesPerSecond: device.maxKBytesPerSecond ?? 0,
        drsDeviceAllowOldAlgorithms: device.allowsOldAlgorithms ?? false,
      }
  }
}

/** Columns that decide which device it is: what was found before says nothing of the new one. */
export const addressColumns = [
  'drsDeviceType',
  'drsDeviceServer',
  'drsDevicePort',
  'drsDevicePath',
  'drsDeviceUserName',
  'drsDevicePassword',
  'drsDevicePrivateKey',
  'drsDeviceHostKey',
  'drsDeviceTapeId',
  'drsDeviceAllowOldAlgorithms',
] as const satisfies readonly (keyof DeviceRow)[]

export function isSameDevice(before: DeviceRow, after: DeviceRow): boolean {
  return addressColumns.every((name) => {
    const [was, is] = [before[name], after[name]]
    return was instanceof Uint8Array && is instanceof Uint8Array ? Buffer.compare(was, is) === 0 : was === is
  })
}

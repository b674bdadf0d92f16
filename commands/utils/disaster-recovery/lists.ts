/** utils disaster_recovery show_backupfiles, history, show_registration and show_tapeid: tables, for people and for programs. */
import { tapeDrives } from '../../../backup/device/tape/drives.ts'
import { usesColour } from '../../../lib/cli/colour.ts'
import { type Command, defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes } from '../../../lib/cli/exit-codes.ts'
import { json } from '../../../lib/cli/options.ts'
import { show } from '../../../lib/cli/print.ts'
import { formatTable } from '../../../lib/cli/table.ts'
import type { Home } from '../../../lib/home/home.ts'
import { deviceNamed, type Row, rowsOf } from './ask.ts'

type Shown = Readonly<Record<string, string>>

interface ListOptions {
  readonly name: string
  readonly operands?: string
  readonly summary: string
  readonly details?: string
  readonly example: string
  /** What is said where there is no row. */
  readonly none: string
  rows(home: Home, operand: string | undefined): Promise<readonly Shown[]>
}

export const showBackupFiles = listCommand({
  name: 'show_backupfiles',
  operands: '[device]',
  summary: 'the backups on a device, or on all of them',
  details: 'They are as the last validation or job found them; utils disaster_recovery device validate looks again.',
  example: 'utils disaster_recovery show_backupfiles disk',
  none: 'there are no backups',
  async rows(home, device) {
    const only = device === undefined ? undefined : (await deviceNamed(home, device)).index[0]
    const devices = await namesOf(home)
    return (await rowsOf(home, 'drsFileTable'))
      .filter(({ index }) => only === undefined || index[0] === only)
      .map((row) => ({
        device: devices.get(row.index[0] ?? 0) ?? '',
        backup: row.get('drsFileName'),
        time: row.get('drsFileTime'),
        kBytes: row.get('drsFileKBytes'),
        features: row.get('drsFileFeatures'),
        nodes: row.get('drsFileNodes'),
        restorable: row.get('drsFileRestorable') === 'true' ? 'restorable' : 'incomplete, or of another version',
      }))
  },
})

export const historyCommand = listCommand({
  name: 'history',
  operands: '[type]',
  summary: 'the jobs that ended, the last of each type',
  example: 'utils disaster_recovery history backup',
  none: 'no job has ended yet',
  async rows(home, type) {
    const rows = await rowsOf(home, 'drsHistoryTable')
    return rows
      .map((row) => ({
        // The index of an enumeration is its number, and has no name in the answer.
        type: jobTypes[(row.index[0] ?? 0) - 1] ?? '',
        job: String(row.index[1] ?? ''),
        ended: row.get('drsHistoryCompleted'),
        result: row.get('drsHistoryResult'),
        device: row.get('drsHistoryDevice'),
        backup: row.get('drsHistoryFileName'),
        nodes: row.get('drsHistoryNodes'),
        error: row.get('drsHistoryError'),
      }))
      .filter((one) => type === undefined || one.type === type)
  },
})

const jobTypes = ['backup', 'restore', 'verify', 'drill', 'rollback']

export const showRegistration = listCommand({
  name: 'show_registration',
  summary: 'the features and components that can be backed up',
  example: 'utils disaster_recovery show_registration',
  none: 'nothing is registered',
  async rows(home) {
    const features = new Map((await rowsOf(home, 'drsFeatureTable')).map((row) => [row.index[0], row]))
    return (await rowsOf(home, 'drsComponentTable')).map((row) => {
      const feature = features.get(row.index[0])
      return {
        feature: feature?.get('drsFeatureName') ?? '',
        required: feature?.get('drsFeatureRequired') === 'true' ? 'required' : '',
        component: row.get('drsComponentName'),
        node: row.get('drsComponentNode'),
        state: row.get('drsComponentRegState'),
        lastBackup: row.get('drsComponentLastTime'),
        result: row.get('drsComponentLastResult'),
      }
    })
  },
})

export const showTapeId = listCommand({
  name: 'show_tapeid',
  summary: 'the tape drives of this machine, and the tapes among the devices',
  example: 'utils disaster_recovery show_tapeid',
  none: 'there is no tape drive, and no device is a tape',
  async rows(home) {
    const devices = (await rowsOf(home, 'drsDeviceTable')).filter((row) => row.get('drsDeviceType') === 'tape')
    const drives = new Map((await tapeDrives()).map((drive) => [drive.path, drive]))
    const used = devices.map((row) => row.get('drsDeviceTapeId'))
    return [...new Set([...drives.keys(), ...used])].sort().map((tape) => {
      const device = devices.find((row) => row.get('drsDeviceTapeId') === tape)
      const { vendor = '', model = '' } = drives.get(tape) ?? {}
      return {
        tape,
        drive: `${vendor} ${model}`.trim(),
        device: device?.get('drsDeviceName') ?? '',
        status: device?.get('drsDeviceOperStatus') ?? '',
      }
    })
  },
})

async function namesOf(home: Home): Promise<ReadonlyMap<number, string>> {
  const devices = await rowsOf(home, 'drsDeviceTable')
  return new Map(devices.map((row: Row) => [row.index[0] ?? 0, row.get('drsDeviceName')]))
}

function listCommand({ rows, none, ...words }: ListOptions): Command {
  return defineCommand({
    ...words,
    options: { json },
    async run({ home, operands: [operand], options }) {
      const found = await rows(home, operand)
      const table = (): string => formatTable(found.map(cellsOf), { isColoured: usesColour() })
      show(found, options.json, () => (found.length === 0 ? `${none}\n` : table()))
      return exitCodes.ok
    },
  })
}

const cellsOf = (row: Shown) => Object.values(row).map((text) => ({ text }))

/** utils disaster_recovery device: where backups go. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { CommandFailure, type ExitCode, exitCodes, UsageError } from '../../../lib/cli/exit-codes.ts'
import { json, parsed, text, wholeNumber } from '../../../lib/cli/options.ts'
import { print, show } from '../../../lib/cli/print.ts'
import { readRegularFileSync } from '../../../lib/files/regular-file.ts'
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { commandClock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import type { Assignment } from '../../../subagents/backup/operator.ts'
import { deviceNamed, globalsOf, type Row, rowsOf, setRows } from './ask.ts'

interface DeviceOptions {
  readonly type: string | undefined
  readonly server: string | undefined
  readonly port: number | undefined
  readonly path: string | undefined
  readonly user: string | undefined
  readonly hostKey: string | undefined
  readonly tape: string | undefined
  readonly keep: number | undefined
  readonly limit: number | undefined
  readonly oldAlgorithms: boolean | undefined
  readonly passwordFile: string | undefined
  readonly keyFile: string | undefined
}

export const deviceCommand = defineCommand({
  name: 'device',
  operands: '<action> [name]',
  summary: 'add, list, change, validate, pin or remove a device that backups go to',
  details:
    'add and change validate the device. A network device shows the key of its host then; pin takes it, once you have compared it with what ssh-keygen -lf prints on the server. A device that a schedule uses cannot be removed.',
  example: 'utils disaster_recovery device add disk --type local --path /mnt/backup',
  exitCodes: { 1: 'it is not ready, or there is no such device' },
  options: {
    type: text('--type <type>', 'local, network (SFTP) or tape (network)'),
    server: text('--server <host>', 'of a network device'),
    port: parsed('--port <n>', 'of a network device (22)', wholeNumber),
    path: text('--path <dir>', 'a directory that exists'),
    user: text('--user <name>', 'of a network device'),
    passwordFile: text('--password-file <file>', 'with the password in its first line'),
    keyFile: text('--key-file <file>', 'with a private key, in place of a password'),
    hostKey: text('--host-key <fingerprint>', 'SHA256:..., as ssh-keygen -l prints it'),
    oldAlgorithms: parsed(
      '--allow-old-algorithms <yes|no>',
      'of SSH, for a server that has no others; they are weak (no)',
      yesOrNo,
    ),
    limit: parsed('--limit <kB>', 'that an upload sends a second; 0 is no limit (0)', wholeNumber),
    tape: text('--tape <drive>', 'such as /dev/nst0'),
    keep: parsed('--keep <n>', 'how many backups stay on it (2)', wholeNumber),
    json,
  },
  async run({ home, operands: [action, name = ''], options }) {
    if (action === 'list') return list(home, options.json)
    if (name === '') throw new UsageError('expected the name of a device')
    switch (action) {
      case 'add':
        return add(home, name, options)
      case 'change':
        return change(home, name, options)
      case 'validate':
        return validate(home, name)
      case 'pin':
        return pin(home, name)
      case 'remove':
        return remove(home, name)
      default:
        throw new UsageError('expected add, list, change, validate, pin or remove')
    }
  },
})

function yesOrNo(word: string): boolean {
  if (word !== 'yes' && word !== 'no') throw new Error('expected yes or no')
  return word === 'yes'
}

async function list(home: Home, isJson: boolean): Promise<ExitCode> {
  const rows = await rowsOf(home, 'drsDeviceTable')
  const devices = rows.map((row) => ({
    name: row.get('drsDeviceName'),
    type: row.get('drsDeviceType'),
    place: placeOf(row),
    status: row.get('drsDeviceOperStatus'),
    error: row.get('drsDeviceError'),
  }))
  const line = ({ name, type, place, status, error }: (typeof devices)[number]): string =>
    printable(`${name}: ${type}, ${place}, ${status}${error === '' ? '' : `: ${error}`}`)
  show(devices, isJson, () => devices.map((one) => `${line(one)}\n`).join('') || 'there are no devices\n')
  return exitCodes.ok
}

function placeOf(row: Row): string {
  const [server, path] = [row.get('drsDeviceServer'), row.get('drsDevicePath')]
  if (row.get('drsDeviceType') === 'tape') return row.get('drsDeviceTapeId')
  return server === '' ? path : `${row.get('drsDeviceUserName')}@${server}:${row.get('drsDevicePort')} ${path}`
}

/** Columns of drsDeviceTable for what was given; the others are as they are, or as the MIB has them. */
function columnsOf(options: DeviceOptions): Readonly<Record<string, string>> {
  const { port, keep, limit, oldAlgorithms, passwordFile, keyFile } = options
  const given: Readonly<Record<string, string | undefined>> = {
    drsDeviceType: options.type,
    drsDeviceServer: options.server,
    drsDevicePort: port?.toString(),
    drsDevicePath: options.path,
    drsDeviceUserName: options.user,
    drsDeviceHostKey: options.hostKey,
    drsDeviceTapeId: options.tape,
    drsDeviceRetention: keep?.toString(),
    drsDeviceMaxKBytesPerSecond: limit?.toString(),
    drsDeviceAllowOldAlgorithms: oldAlgorithms?.toString(),
    drsDevicePassword: passwordFile && (contentOf(passwordFile).split(/\r?\n/, 1)[0] ?? ''),
    drsDevicePrivateKey: keyFile && contentOf(keyFile),
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  )
}

async function add(home: Home, name: string, options: DeviceOptions): Promise<ExitCode> {
  const index = (await globalsOf(home)).get('drsDeviceNextIndex')
  if (index === '0') throw new CommandFailure('there are as many devices as there can be; remove one')
  const columns = { drsDeviceName: name, ...columnsOf(options), drsDeviceRowStatus: 'createAndGo' }
  await setColumns(home, index, columns)
  return result(home, name, '-')
}

async function change(home: Home, name: string, options: DeviceOptions): Promise<ExitCode> {
  const row = await deviceNamed(home, name)
  const columns = columnsOf(options)
  if (Object.keys(columns).length === 0) throw new UsageError('expected something to change, such as --keep 7')
  await setColumns(home, String(row.index[0]), { ...columns, drsDeviceValidate: 'validate' })
  return result(home, name, row.get('drsDeviceLastCheck'))
}

async function setColumns(home: Home, index: string, columns: Readonly<Record<string, string>>): Promise<void> {
  await setRows(
    home,
    Object.entries(columns).map(([column, value]): Assignment => [`${column}.${index}`, value]),
  )
}

const contentOf = (path: string): string => readRegularFileSync(path).octets.toString('utf8')

async function validate(home: Home, name: string): Promise<ExitCode> {
  const row = await deviceNamed(home, name)
  await setRows(home, [[`drsDeviceValidate.${row.index[0]}`, 'validate']])
  return result(home, name, row.get('drsDeviceLastCheck'))
}

const lookEveryMs = 200
const patienceMs = 15 * 60_000

/** Waits for a check that is later than the one before. */
async function result(home: Home, name: string, lastCheck: string): Promise<ExitCode> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const row = await deviceNamed(home, name)
    // Of a device that has become another one nothing is known at first.
    if (![lastCheck, '-'].includes(row.get('drsDeviceLastCheck'))) return report(row)
    if (performance.now() > deadlineMs)
      throw new CommandFailure(`device ${printable(name)} does not answer; see: utils disaster_recovery device list`)
    await pause(commandClock, lookEveryMs)
  }
}

function report(row: Row): ExitCode {
  const name = row.get('drsDeviceName')
  const [shown, pinned] = [row.get('drsDeviceShownHostKey'), row.get('drsDeviceHostKey')]
  if (row.get('drsDeviceOperStatus') !== 'ready') {
    print(`${printable(`${name}: ${row.get('drsDeviceOperStatus')}: ${row.get('drsDeviceError')}`)}\n`)
    if (shown !== '' && pinned === '')
      print(
        `its host key is ${printable(shown)}; to trust it: utils disaster_recovery device pin '${printable(name)}'\n`,
      )
    return exitCodes.error
  }
  print(`${printable(`${name}: ready, ${row.get('drsDeviceFreeKBytes')} kB free`)}\n`)
  return exitCodes.ok
}

/** Takes the key that the server showed at the last validation. */
async function pin(home: Home, name: string): Promise<ExitCode> {
  const row = await deviceNamed(home, name)
  const shown = row.get('drsDeviceShownHostKey')
  if (shown === '')
    throw new CommandFailure(`device ${printable(name)} has shown no key; run: utils disaster_recovery device validate`)
  await setRows(home, [[`drsDeviceHostKey.${row.index[0]}`, shown]])
  return result(home, name, '-')
}

async function remove(home: Home, name: string): Promise<ExitCode> {
  const row = await deviceNamed(home, name)
  const schedules = await rowsOf(home, 'drsScheduleTable')
  const user = schedules.find((one) => one.get('drsScheduleDevice') === String(row.index[0]))
  if (user)
    throw new CommandFailure(
      `schedule ${printable(user.get('drsScheduleName'))} uses device ${printable(name)}; give it another first`,
    )
  await setRows(home, [[`drsDeviceRowStatus.${row.index[0]}`, 'destroy']])
  print(`removed device ${printable(name)}; the backups on it are still there\n`)
  return exitCodes.ok
}

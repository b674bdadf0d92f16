/** utils disaster_recovery recovery_key: makes the key that opens backups where this machine is lost, and prints its sheet. */
import { hostname } from 'node:os'
import { makeRecoveryKey, openMachineKeys } from '../../../backup/archive/keys.ts'
import { recoverySheet } from '../../../backup/archive/recovery-sheet.ts'
import { defineCommand } from '../../../lib/cli/command.ts'
import { exitCodes, UsageError } from '../../../lib/cli/exit-codes.ts'
import { text } from '../../../lib/cli/options.ts'
import { print } from '../../../lib/cli/print.ts'
import { readRegularFileSync } from '../../../lib/files/regular-file.ts'
import { requireHome } from '../../../lib/home/home.ts'
import { requireOwner } from '../../../lib/home/home-trust.ts'
import { programVersion } from '../../../lib/version.ts'
import { deviceNamed, type Row } from './ask.ts'

export const recoveryKeyCommand = defineCommand({
  name: 'recovery_key',
  operands: '<device>',
  summary: 'make a recovery key under a passphrase, and print the sheet to keep elsewhere',
  details:
    'Without a recovery key there are no backups. It takes the place of one that is there: backups from before open with the one before, which lies beside them. The passphrase is the first line of the file, or CASTELLAN_RECOVERY_PASSPHRASE; at least 12 characters.',
  example: 'utils disaster_recovery recovery_key disk --passphrase-file /root/recovery.txt',
  options: { passphraseFile: text('--passphrase-file <file>', 'the passphrase in its first line') },
  async run({ home, operands: [name = ''], options: { passphraseFile } }) {
    requireHome(home)
    requireOwner(home, 'utils disaster_recovery')
    const passphrase = passphraseFile === undefined ? process.env.CASTELLAN_RECOVERY_PASSPHRASE : lineOf(passphraseFile)
    if (passphrase === undefined) throw new UsageError('expected --passphrase-file or CASTELLAN_RECOVERY_PASSPHRASE')
    const device = await deviceNamed(home, name)
    const { recipient } = await makeRecoveryKey(home, passphrase)
    const { fingerprint } = await openMachineKeys(home)
    const sheet = { node: hostname(), version: programVersion(), fingerprint, home: home.root }
    print(recoverySheet({ ...sheet, device: placeOf(device), recoveryRecipient: recipient }))
    return exitCodes.ok
  },
})

function lineOf(path: string): string {
  return readRegularFileSync(path).octets.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
}

/** What a sheet says of the device; secrets are not among it. */
function placeOf(row: Row): Parameters<typeof recoverySheet>[0]['device'] {
  const [name, path, retention] = [row.get('drsDeviceName'), row.get('drsDevicePath'), 1]
  if (row.get('drsDeviceType') === 'tape') return { type: 'tape', name, retention, tapeId: row.get('drsDeviceTapeId') }
  if (row.get('drsDeviceType') === 'local') return { type: 'local', name, retention, path }
  const hostKey = row.get('drsDeviceHostKey')
  return {
    ...{ type: 'network', name, retention, path, server: row.get('drsDeviceServer') },
    ...{ port: Number(row.get('drsDevicePort')), userName: row.get('drsDeviceUserName') },
    ...(hostKey === '' ? {} : { hostKey }),
  }
}

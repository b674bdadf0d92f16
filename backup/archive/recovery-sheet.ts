/** What somebody needs who has nothing left but the device: one page, to be printed and kept elsewhere. */
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import { recoveryFileNameOf } from './keys.ts'

export interface SheetContent {
  readonly node: string
  readonly version: string
  readonly device: DeviceSettings
  /** Of the signing key. */
  readonly fingerprint: string
  readonly recoveryRecipient: string
  readonly home: string
}

export function recoverySheet(content: SheetContent): string {
  const { node, version, device, fingerprint, recoveryRecipient, home } = content
  const recoveryFile = recoveryFileNameOf({ recipient: recoveryRecipient })
  return `CASTELLAN RECOVERY SHEET

Machine             ${node}
Castellan           ${version} (only this version restores its backups)
Backups             ${placeOf(device)}
Files of a backup   castellan_TIME_VERSION.set                    the signed list of the backup
                    castellan_TIME_VERSION_NODE.tar.gz.age        the archive of each machine
Recovery file       ${recoveryFile}   (beside them)
Passphrase          ______________________________   (write it down, keep it elsewhere)
Signing key         ${fingerprint}
Recovery key        ${recoveryRecipient}

To restore on a new machine

1. Install Castellan ${version} and Node.js.
2. Run, and type the passphrase when you are asked:

${commandsOf(device, { recoveryFile, fingerprint, home })}

To read an archive without Castellan (Debian packages age, gzip, tar)

     age -d -o recovery.key ${recoveryFile}
     age -d -i recovery.key castellan_TIME_VERSION_NODE.tar.gz.age | gunzip | tar -xp
     rm recovery.key

   home/ is the content of ${home}; manifest.json lists every file with its SHA-256.
`
}

/** Without secrets. */
function placeOf(device: DeviceSettings): string {
  switch (device.type) {
    case 'local':
      return device.path
    case 'network':
      return `sftp://${device.userName}@${device.server}:${device.port}, folder ${device.path}${hostKeyOf(device)}`
    case 'tape':
      return `tape ${device.tapeId}`
  }
}

function hostKeyOf({ hostKey }: { readonly hostKey?: string }): string {
  return hostKey === undefined ? '' : `\n                    host key ${hostKey}`
}

function commandsOf(
  device: DeviceSettings,
  { recoveryFile, fingerprint, home }: { recoveryFile: string; fingerprint: string; home: string },
): string {
  const indent = '     '
  const fetch =
    device.type === 'network'
      ? `${indent}sftp -P ${device.port} '${device.userName}@${device.server}:${device.path}/castellan_*' .\n`
      : ''
  const folder = device.type === 'local' ? device.path : '.'
  return `${fetch}${indent}castellan-restore --from ${folder} --recovery ${folder}/${recoveryFile} \\
${indent}  --fingerprint ${fingerprint} --home ${home}`
}

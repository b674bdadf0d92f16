/** Archives opened as docs/backup.md says it, by age, gzip and tar alone. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The recovery identity, in a file of `folder`. age asks its terminal alone; script(1) is one. */
export function openRecoveryFile(device: string, passphrase: string, folder: string): string {
  const sealed = readdirSync(device).find((name) => /^castellan_recovery_.*\.age$/.test(name)) ?? ''
  const key = join(folder, 'recovery.key')
  execFileSync('script', ['-qec', `age -d -o ${key} ${join(device, sealed)}`, '/dev/null'], {
    input: `${passphrase}\n`,
  })
  return key
}

/** What an archive has, in a new folder. */
export function unpackByHand(archive: string, key: string, folder: string): void {
  mkdirSync(folder)
  const script = join(folder, '..', 'unpack.sh')
  writeFileSync(script, 'set -e\nage -d -i "$2" "$1" | gunzip | tar -xp -C "$3"\n')
  execFileSync('/bin/bash', ['-o', 'pipefail', script, archive, key, folder])
}

/**
 * The key of the marks that others bring back (sipd/proxy/signer.ts), kept in sipd's own data folder: calls that go on over a
 * restart come by the Record-Route of before.
 */
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { codeOf } from '../../lib/errors.ts'
import { readRegularFileSync } from '../../lib/files/regular-file.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import { atPlaceSync, ensureFolderSync } from '../../lib/trust/folder.ts'
import { replaceInSync } from '../../lib/trust/open.ts'
import { signerSecretOctets } from '../proxy/signer.ts'

export function markKeyPath(home: Home): string {
  return join(foldersOf(home, 'sipd').data, 'marks.key')
}

/**
 * The key in hexadecimal: the one that is kept, else a new one, also where others may have read the old one. Call it as the user
 * that the folder belongs to. What cannot be kept serves until this process ends.
 */
export function markKey(path: string, log: Log): string {
  const kept = keptKey(path, log)
  if (kept !== undefined) return kept
  const key = randomBytes(signerSecretOctets).toString('hex')
  try {
    ensureFolderSync(dirname(path))
    atPlaceSync(path, (folder, name) => replaceInSync(folder, name, `${key}\n`))
  } catch (error) {
    log.warn('cannot keep the key of Record-Route; calls of now need it after a restart', { path, error })
  }
  return key
}

function keptKey(path: string, log: Log): string | undefined {
  try {
    const { octets, stats } = readRegularFileSync(path, 1024)
    const key = octets.toString('latin1').trim()
    if ((stats.mode & 0o077) === 0 && key.length === 2 * signerSecretOctets && /^[0-9a-f]+$/.test(key)) return key
    log.warn('the key of Record-Route is not one, or others may have read it; there is a new one', { path })
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') log.warn('cannot read the key of Record-Route; there is a new one', { path, error })
  }
  return undefined
}

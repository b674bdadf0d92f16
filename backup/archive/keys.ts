/**
 * The keys of a home's backups, in files of root alone: the machine's own, made at first use, and the recovery key, whose secret
 * half is only ever kept in a file under a passphrase.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from '../../lib/errors.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { readRegularFile } from '../../lib/files/regular-file.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { makeAgeIdentity, recipientOf, sealWithPassphrase } from './age.ts'
import { fingerprintOf } from './signature.ts'

export interface MachineKeys {
  /** Signs manifests and lists. */
  readonly signingKey: KeyObject
  readonly signer: KeyObject
  readonly fingerprint: string
  /** Of age: with it this machine reads its own archives, to verify them. */
  readonly identity: string
  readonly recipient: string
}

export interface RecoveryKey {
  readonly recipient: string
  /** The identity, as an age file under a passphrase. */
  readonly sealedIdentity: Buffer
}

export const fewestPassphraseCharacters = 12

export function keyFolderOf(home: Home): string {
  return join(foldersOf(home, 'subagents').data, 'backup', 'keys')
}

const files = {
  signing: 'signing.pem',
  machine: 'machine.age-identity',
  recovery: 'recovery.age',
  recoveryRecipient: 'recovery.age-recipient',
}

/** Makes what is missing of them. Throws where a file cannot be read or written. */
export async function openMachineKeys(home: Home): Promise<MachineKeys> {
  const folder = keyFolderOf(home)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const pem = await readOrMake(join(folder, files.signing), async () =>
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  )
  const identity = (
    await readOrMake(join(folder, files.machine), async () => `${(await makeAgeIdentity()).identity}\n`)
  ).trim()
  const signingKey = createPrivateKey(pem)
  const signer = createPublicKey(signingKey)
  return { signingKey, signer, fingerprint: fingerprintOf(signer), identity, recipient: await recipientOf(identity) }
}

/** Undefined where none was made yet: without one nobody could restore on another machine. */
export async function readRecoveryKey(home: Home): Promise<RecoveryKey | undefined> {
  const folder = keyFolderOf(home)
  const recipient = await readText(join(folder, files.recoveryRecipient))
  if (recipient === undefined) return undefined
  const { octets } = await readRegularFile(join(folder, files.recovery))
  return { recipient: recipient.trim(), sealedIdentity: octets }
}

/**
 * Makes a recovery key, in place of one that is there: archives from before still need the one before, which lies beside them on
 * their device. Throws where the passphrase is too short.
 */
export async function makeRecoveryKey(home: Home, passphrase: string): Promise<RecoveryKey> {
  if ([...passphrase].length < fewestPassphraseCharacters)
    throw new Error(`the passphrase is too short; use at least ${fewestPassphraseCharacters} characters`)
  const folder = keyFolderOf(home)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { identity, recipient } = await makeAgeIdentity()
  const sealedIdentity = await sealWithPassphrase(`${identity}\n`, passphrase)
  await writeFileAtomic(join(folder, files.recovery), sealedIdentity)
  await writeFileAtomic(join(folder, files.recoveryRecipient), `${recipient}\n`)
  return { recipient, sealedIdentity }
}

/** Beside the archives on a device; several machines may share its folder. */
export function recoveryFileNameOf({ recipient }: Pick<RecoveryKey, 'recipient'>): string {
  return `castellan_recovery_${recipient.slice(4, 16)}.age`
}

async function readOrMake(path: string, make: () => Promise<string>): Promise<string> {
  const kept = await readText(path)
  if (kept !== undefined) return kept
  const content = await make()
  await writeFileAtomic(path, content)
  return content
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(path)).octets.toString('utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

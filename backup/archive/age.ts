/** Files in the age format: headers and keys by age-encryption, the payload by age-payload.ts. */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { messageOf } from '../../lib/errors.ts'
import { decryptPayload, encryptPayload, payloadNonceOctets } from './age-payload.ts'
import { ArchiveError } from './archive-error.ts'

/** What age-encryption writes behind the header of an empty file: a nonce, and the tag of an empty chunk. */
const emptyPayloadOctets = payloadNonceOctets + 16
/** That of ten recipients has 1.5 KB. */
const mostHeaderOctets = 64 * 1024
const headerStart = Buffer.from('age-encryption.org/v1\n')
const lastLine = Buffer.from('\n--- ')

export interface AgeIdentity {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string
  /** `age1…` */
  readonly recipient: string
}

export async function makeAgeIdentity(): Promise<AgeIdentity> {
  const identity = await generateX25519Identity()
  return { identity, recipient: await identityToRecipient(identity) }
}

export function recipientOf(identity: string): Promise<string> {
  return identityToRecipient(identity)
}

/** A small file under a passphrase, as `age -p` writes it. It takes a second and 300 MB, as age wants it. */
export async function sealWithPassphrase(content: string, passphrase: string): Promise<Buffer> {
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  return Buffer.from(await encrypter.encrypt(content))
}

/** Throws ArchiveError where the passphrase is another one, or the file was changed. */
export async function openWithPassphrase(sealed: Uint8Array, passphrase: string): Promise<string> {
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(sealed, 'text')
  } catch (cause) {
    const isOther = /no identity matched/.test(messageOf(cause))
    throw new ArchiveError(
      isOther ? 'wrongKey' : 'damaged',
      isOther
        ? 'the passphrase does not open the recovery file'
        : `the recovery file cannot be read: ${messageOf(cause)}`,
      { cause },
    )
  }
}

/** Encrypts to all of these recipients. */
export async function* encryptTo(recipients: readonly string[], plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let fileKey: Uint8Array | undefined
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  // It is shown the key and adds nothing to the header, so that the payload can be ours.
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key)
      return []
    },
  })
  const empty = await encrypter.encrypt(new Uint8Array(0))
  if (fileKey === undefined) throw new Error('bug: age-encryption asked no recipient')
  yield Buffer.from(empty.subarray(0, -emptyPayloadOctets))
  yield* encryptPayload(plain, fileKey)
}

/** Decrypts with whichever of these identities fits. Throws ArchiveError. */
export async function* decryptWith(
  identities: readonly string[],
  sealed: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const pieces = sealed[Symbol.asyncIterator]()
  try {
    const { header, rest } = await readHeader(pieces)
    yield* decryptPayload(restOf(rest, pieces), await fileKeyOf(header, identities))
  } finally {
    await pieces.return?.() // however it ends, the source closes its file
  }
}

async function fileKeyOf(header: Buffer, identities: readonly string[]): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  try {
    return await decrypter.decryptHeader(header)
  } catch (cause) {
    if (/no identity matched/.test(messageOf(cause)))
      throw new ArchiveError('wrongKey', 'the archive is encrypted to other keys than those at hand', { cause })
    throw new ArchiveError('damaged', `the header of the archive was changed: ${messageOf(cause)}`, { cause })
  }
}

async function* restOf(first: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (;;) {
    const next = await pieces.next()
    if (next.done) return
    yield next.value
  }
}

async function readHeader(pieces: AsyncIterator<Buffer>): Promise<{ readonly header: Buffer; readonly rest: Buffer }> {
  let octets: Buffer = Buffer.alloc(0)
  for (;;) {
    const next = await pieces.next()
    if (next.done) throw new ArchiveError('damaged', 'the archive is cut off within its header')
    octets = Buffer.concat([octets, next.value])
    if (!headerStart.subarray(0, octets.length).equals(octets.subarray(0, headerStart.length)))
      throw new ArchiveError('damaged', 'it is no file in the age format')
    const at = octets.indexOf(lastLine)
    const end = at < 0 ? -1 : octets.indexOf('\n', at + lastLine.length)
    if (end >= 0) return { header: octets.subarray(0, end + 1), rest: octets.subarray(end + 1) }
    if (octets.length > mostHeaderOctets) throw new ArchiveError('damaged', 'the header of the archive has no end')
  }
}

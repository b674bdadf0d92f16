/** The list of a set: which archives belong to it, and who made it. It is written last, so that a set without it is none. */
import type { KeyObject } from 'node:crypto'
import { ArchiveError } from './archive-error.ts'
import { fingerprintOf, isSignedBy, keyOfText, signOctets, textOfKey } from './signature.ts'

export interface ListedArchive {
  readonly name: string
  readonly octets: number
  readonly sha256: string
  /** Of the tar within. */
  readonly tarOctets: number
}

export interface ListedNode {
  readonly node: string
  /** `partial`: some component could not be stored. `missing`: the node did not finish. */
  readonly result: 'complete' | 'partial' | 'missing'
  readonly features: readonly string[]
  readonly archive?: ListedArchive
  /** Of the key that signs its manifest. */
  readonly signingKey: string
  /** Empty where it is complete. */
  readonly error: string
}

export interface SetList {
  readonly format: 1
  readonly product: 'castellan'
  readonly version: string
  readonly timeMs: number
  readonly zone: string
  readonly nodes: readonly ListedNode[]
  /** Of the key that signs this list. */
  readonly signingKey: string
  readonly fingerprint: string
  /** Of age: whose identity, in the recovery file, opens all archives of the set. */
  readonly recoveryRecipient: string
}

export type SetListContent = Omit<SetList, 'format' | 'product' | 'signingKey' | 'fingerprint'>

/** JSON, and behind its last line the signature of all before it. */
export function serializeSetList(content: SetListContent, key: KeyObject): Buffer {
  const signer = { signingKey: textOfKey(key), fingerprint: fingerprintOf(key) }
  const list: SetList = { format: 1, product: 'castellan', ...content, ...signer }
  const json = Buffer.from(`${JSON.stringify(list, undefined, 1)}\n`)
  return Buffer.concat([json, Buffer.from(`${signOctets(json, key)}\n`)])
}

export interface OpenedSetList {
  readonly list: SetList
  readonly signer: KeyObject
}

/** Throws ArchiveError unless it is whole and signed by the key that it names; whether that key is trusted is for others to say. */
export function openSetList(octets: Buffer): OpenedSetList {
  const end = octets.lastIndexOf('\n', -2) + 1
  const signature = octets.toString('latin1', end)
  const list = parseList(octets.subarray(0, end))
  let signer: KeyObject
  try {
    signer = keyOfText(list.signingKey)
  } catch (cause) {
    throw damaged(cause)
  }
  if (!/^[^\n]*\n$/.test(signature) || !isSignedBy(octets.subarray(0, end), signature.slice(0, -1), signer))
    throw new ArchiveError('notSigned', 'the list of the set was changed: its signature does not match')
  if (list.fingerprint !== fingerprintOf(signer)) throw damaged()
  return { list, signer }
}

function parseList(octets: Buffer): SetList {
  let parsed: unknown
  try {
    parsed = JSON.parse(octets.toString('utf8'))
  } catch (cause) {
    throw damaged(cause)
  }
  if (!isSetList(parsed))
    throw new ArchiveError('version', 'the list of the set has a form that this version does not know')
  return parsed
}

function isSetList(parsed: unknown): parsed is SetList {
  return (
    typeof parsed === 'object' &&
    parsed !== null &&
    'format' in parsed &&
    parsed.format === 1 &&
    'nodes' in parsed &&
    Array.isArray(parsed.nodes) &&
    'signingKey' in parsed &&
    typeof parsed.signingKey === 'string' &&
    'timeMs' in parsed &&
    typeof parsed.timeMs === 'number'
  )
}

function damaged(cause?: unknown): ArchiveError {
  return new ArchiveError('damaged', 'the list of the set was changed or is cut off', { cause })
}

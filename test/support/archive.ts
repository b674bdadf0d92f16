/** Archives made of what a test says, and of nothing else. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import { makeAgeIdentity } from '../../backup/archive/age.ts'
import type { SourceComponent, SourceEntry } from '../../backup/archive/source.ts'
import { writeArchive } from '../../backup/archive/write-archive.ts'

export interface TestKeys {
  readonly identity: string
  readonly recipient: string
  readonly signingKey: KeyObject
  readonly signer: KeyObject
}

export async function makeTestKeys(): Promise<TestKeys> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { ...(await makeAgeIdentity()), signingKey: privateKey, signer: publicKey }
}

export const traits = { mode: 0o640, owner: 'root', group: 'root', mtimeMs: 1_700_000_000_123 }

export const fileEntry = (path: string, from: string): SourceEntry => ({
  traits: { ...traits, type: 'file', path },
  open: () => open(from),
})
export const linkEntry = (path: string, target: string): SourceEntry => ({
  traits: { ...traits, type: 'link', path },
  target,
})
export const folderEntry = (path: string): SourceEntry => ({ traits: { ...traits, type: 'directory', path } })

export function component(entries: readonly SourceEntry[]): SourceComponent {
  return {
    feature: 'AGENT',
    component: 'all',
    kind: 'files',
    isRequired: true,
    octets: 0,
    warnings: [],
    async *entries() {
      yield* entries
    },
  }
}

export async function archiveOf(entries: readonly SourceEntry[], keys: TestKeys): Promise<Buffer> {
  const pieces: Buffer[] = []
  await writeArchive(
    {
      components: [component(entries)],
      recipients: [keys.recipient],
      signingKey: keys.signingKey,
      about: () => ({
        version: '1.0.0',
        node: 'test',
        timeMs: 0,
        zone: 'UTC',
        features: ['AGENT'],
        result: 'succeeded',
      }),
      events: { onComponent() {}, onOctets() {}, onComponentEnd() {} },
      signal: new AbortController().signal,
    },
    async (piece) => void pieces.push(piece),
  )
  return Buffer.concat(pieces)
}

export async function* piecesOf(octets: Buffer, length = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += length) yield octets.subarray(at, at + length)
}

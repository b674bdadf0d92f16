/** Varbinds in BER, each whole: what is answered by others is put together of them. */
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import type { ServedObject } from '../../lib/mib/subtree.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'

const scratch = new BerWriter(65_536)

export function encodeVarbind(name: Oid, value: SnmpValue): Uint8Array {
  scratch.position = 0
  scratch.varbind(name, value)
  return scratch.take()
}

/** The varbind of an instance that is served here. */
export function encodeInstance(object: ServedObject, position: number): Uint8Array {
  scratch.position = 0
  object.write(position, scratch, 0xffff_ffff)
  return scratch.take()
}

/** Copies of the varbinds that lie one after the other in these octets. */
export function splitVarbinds(octets: Uint8Array): Uint8Array[] {
  if (octets.length === 0) return []
  const reader = new BerReader().reset(Uint8Array.from(octets))
  const varbinds: Uint8Array[] = []
  while (reader.position < reader.limit) {
    const start = reader.position
    reader.position = reader.header(tag.sequence)
    varbinds.push(reader.bytes.subarray(start, reader.position))
  }
  return varbinds
}

export function isEndOfMibView(varbind: Uint8Array): boolean {
  const reader = new BerReader().reset(varbind)
  reader.enter(tag.sequence)
  reader.position = reader.header(tag.objectIdentifier)
  return reader.peekTag() === tag.endOfMibView
}

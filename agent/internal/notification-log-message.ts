/** A notification as the log holds it: the OID that names it, then names and values of its varbinds, in BER one after the other. */
import { BerReader } from '../../lib/ber/reader.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'

const out = new BerWriter(4096)

/** A tenth of what rows would take. No list around them: a subagent's may be longer than the length of one can say. */
export function encodeLogged(trapOid: Oid, varbinds: readonly Varbind[]): Uint8Array {
  out.position = 0
  out.oid(trapOid)
  for (const { name, value } of varbinds) {
    out.oid(name)
    out.value(value)
  }
  return out.take()
}

/** Throws DecodeError of what is none. */
export function decodeLogged(octets: Uint8Array): { readonly trapOid: Oid; readonly varbinds: readonly Varbind[] } {
  const reader = new BerReader().reset(octets)
  const trapOid = reader.oid()
  const varbinds: Varbind[] = []
  while (reader.position < reader.limit) varbinds.push({ name: reader.oid(), value: reader.value() })
  return { trapOid, varbinds }
}

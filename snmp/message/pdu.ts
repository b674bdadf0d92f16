/** PDUs as records, for engines that ask (RFC 3416 §3, RFC 1157 §4.1.6): types, tags, to octets and back. */
import type { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import type { BerWriter } from '../../lib/ber/writer.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Varbind } from '../../lib/smi/value.ts'

export const pduTag = {
  getRequest: 0xa0,
  getNextRequest: 0xa1,
  response: 0xa2,
  setRequest: 0xa3,
  trapV1: 0xa4,
  getBulkRequest: 0xa5,
  informRequest: 0xa6,
  trapV2: 0xa7,
  report: 0xa8,
} as const
export type PduType = keyof typeof pduTag

export const messageVersion = { v1: 0, v2c: 1, v3: 3 } as const

export interface Pdu {
  readonly type: PduType
  readonly requestId: number
  /** error-status, or non-repeaters of a GETBULK. */
  readonly errorStatus: number
  /** error-index, or max-repetitions of a GETBULK. */
  readonly errorIndex: number
  readonly varbinds: readonly Varbind[]
  readonly trapV1?: TrapV1
}

export interface TrapV1 {
  readonly enterprise: Oid
  /** agent-addr, such as `192.0.2.7`: who it happened to, where a proxy sent the trap on; 0.0.0.0 for nobody that is known. */
  readonly agentAddress: string
  readonly generic: number
  readonly specific: number
  readonly upTimeTicks: number
}

const types = new Map<number, PduType>(Object.entries(pduTag).map(([type, number]) => [number, type as PduType]))

export function writePdu(
  out: BerWriter,
  type: Exclude<PduType, 'trapV1'>,
  requestId: number,
  varbinds: readonly Varbind[],
  first = 0,
  second = 0,
): void {
  const pdu = out.open(pduTag[type])
  out.integer32(requestId)
  out.integer32(first)
  out.integer32(second)
  writeVarbinds(out, varbinds)
  out.close(pdu)
}

export function writeVarbinds(out: BerWriter, varbinds: readonly Varbind[]): void {
  const list = out.open(tag.sequence)
  for (const { name, value } of varbinds) {
    out.varbind(name, value)
  }
  out.close(list)
}

/** Throws DecodeError for what is no whole PDU. */
export function readPdu(reader: BerReader): Pdu {
  const number = reader.peekTag()
  const type = types.get(number) ?? reader.fail(`0x${number.toString(16)} is the tag of no PDU`)
  const pdu = reader.enter(number)
  if (type === 'trapV1') {
    const enterprise = reader.oid()
    const agentAddress = reader.ipAddress().join('.')
    const generic = reader.integer32()
    const specific = reader.integer32()
    const upTimeTicks = reader.unsigned32(tag.timeTicks)
    const varbinds = readVarbinds(reader)
    reader.leave(pdu)
    const trapV1 = { enterprise, agentAddress, generic, specific, upTimeTicks }
    return { type, requestId: 0, errorStatus: 0, errorIndex: 0, varbinds, trapV1 }
  }
  const requestId = reader.integer32()
  const errorStatus = reader.integer32()
  const errorIndex = reader.integer32()
  const varbinds = readVarbinds(reader)
  reader.leave(pdu)
  return { type, requestId, errorStatus, errorIndex, varbinds }
}

function readVarbinds(reader: BerReader): Varbind[] {
  const varbinds: Varbind[] = []
  const list = reader.enter(tag.sequence)
  while (reader.position < reader.limit) {
    const varbind = reader.enter(tag.sequence)
    varbinds.push({ name: reader.oid(), value: reader.value() })
    reader.leave(varbind)
  }
  reader.leave(list)
  return varbinds
}

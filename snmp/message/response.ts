/** Response PDUs, written forward; the message around them is its own model's business. */
import { tag } from '../../lib/ber/tags.ts'
import type { BerWriter } from '../../lib/ber/writer.ts'
import { type ErrorStatus, errorStatusNumber } from '../../lib/smi/error-status.ts'
import { pduTag } from './pdu.ts'
import type { AnsweredRequest } from './request.ts'

/** Opens a response without error; `closeResponse` takes what this gives. */
export function openResponse(out: BerWriter, requestId: number): { pdu: number; list: number } {
  const pdu = out.open(pduTag.response)
  out.integer32(requestId)
  out.integer32(0)
  out.integer32(0)
  return { pdu, list: out.open(tag.sequence) }
}

export function closeResponse(out: BerWriter, { pdu, list }: { pdu: number; list: number }): void {
  out.close(list)
  out.close(pdu)
}

/** A response with an error and the variable bindings of the request, or none. */
export function writeErrorResponse(
  out: BerWriter,
  request: AnsweredRequest,
  status: ErrorStatus,
  errorIndex: number,
  echoes: boolean,
): void {
  const pdu = out.open(pduTag.response)
  out.integer32(request.requestId)
  out.integer32(errorStatusNumber[status])
  out.integer32(errorIndex)
  const list = out.open(tag.sequence)
  if (echoes) out.raw(request.bytes.subarray(request.listStart, request.listEnd))
  out.close(list)
  out.close(pdu)
}

/** A request being answered, decoded by offset into arrays that are used again for the next one. */
import type { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { maxSubIdentifiers, type Oid } from '../../lib/smi/oid.ts'
import type { SetVarbind } from '../../lib/smi/value.ts'

/** What an answer needs of its request. */
export interface AnsweredRequest {
  readonly bytes: Uint8Array
  readonly requestId: number
  /** Varbinds. */
  readonly count: number
  readonly listStart: number
  readonly listEnd: number
}

export class Request implements AnsweredRequest {
  bytes: Uint8Array = new Uint8Array(0)
  pduTag = 0
  requestId = 0
  /** error-status, or non-repeaters of a GETBULK. */
  first = 0
  /** error-index, or max-repetitions of a GETBULK. */
  second = 0
  count = 0
  /** The content of the variable-bindings within `bytes`, for responses that echo it. */
  listStart = 0
  listEnd = 0
  /** Sub-identifiers of all names, one after the other. */
  ids = new Uint32Array(4096)
  starts = new Uint32Array(256)
  lengths = new Uint32Array(256)

  /** Reads a whole PDU; strict, so that a fault anywhere throws DecodeError before anything is done. */
  readPdu(reader: BerReader): void {
    this.bytes = reader.bytes
    // A name has at most one sub-identifier more than it has octets, so this is room for every name of the datagram.
    const most = 2 * (reader.limit - reader.position) + maxSubIdentifiers + 2
    if (this.ids.length < most) this.ids = new Uint32Array(most)
    this.pduTag = reader.peekTag()
    const message = reader.enter(this.pduTag)
    this.requestId = reader.integer32()
    this.first = reader.integer32()
    this.second = reader.integer32()
    const pdu = reader.enter(tag.sequence)
    this.listStart = reader.position
    this.listEnd = reader.limit
    this.count = 0
    let used = 0
    while (reader.position < reader.limit) {
      const list = reader.enter(tag.sequence)
      const length = reader.oidInto(this.ids, used)
      skipValue(reader)
      reader.leave(list)
      if (this.count === this.starts.length) this.#growVarbinds()
      this.starts[this.count] = used
      this.lengths[this.count] = length
      this.count++
      used += length
    }
    reader.leave(pdu)
    reader.leave(message)
  }

  /** The varbinds of a SET, with their values; the PDU has been read before. */
  varbinds(reader: BerReader): SetVarbind[] {
    reader.reset(this.bytes, this.listStart, this.listEnd)
    return Array.from({ length: this.count }, (_, i) => {
      const list = reader.enter(tag.sequence)
      const name = reader.oid()
      const value = reader.value()
      reader.leave(list)
      return { name, value, position: i + 1 }
    })
  }

  /** What an answer needs that is some time away: the arrays belong to the next datagram by then. */
  keep(): AnsweredRequest {
    const { bytes, requestId, listStart, listEnd, count } = this
    return { bytes, requestId, listStart, listEnd, count }
  }

  /** Where the name of a varbind begins in `ids`; varbinds count from 0. */
  startOf(varbind: number): number {
    return this.starts[varbind] ?? 0
  }

  /** Sub-identifiers of the name of a varbind. */
  lengthOf(varbind: number): number {
    return this.lengths[varbind] ?? 0
  }

  /** The name of a varbind, good until the next request is read. */
  name(varbind: number): Uint32Array {
    const start = this.startOf(varbind)
    return this.ids.subarray(start, start + this.lengthOf(varbind))
  }

  /** Copies of all names. */
  names(): Oid[] {
    const names: Oid[] = []
    for (let i = 0; i < this.count; i++) {
      const start = this.startOf(i)
      const name = new Array<number>(this.lengthOf(i))
      for (let j = 0; j < name.length; j++) name[j] = this.ids[start + j] ?? 0
      names.push(name)
    }
    return names
  }

  #growVarbinds(): void {
    const starts = new Uint32Array(this.starts.length * 4)
    const lengths = new Uint32Array(starts.length)
    starts.set(this.starts)
    lengths.set(this.lengths)
    this.starts = starts
    this.lengths = lengths
  }
}

function skipValue(reader: BerReader): void {
  const { bytes, position } = reader
  if (bytes[position] === tag.null && bytes[position + 1] === 0 && position + 2 <= reader.limit) reader.position += 2
  else reader.value()
}

/**
 * A segment of the ring: a head, then blocks, each with its length and checksum. A block says when it began and has the
 * samples of one batch; instances are named once in a segment, and again after a start or a batch that was lost.
 */
import { crc32 } from 'node:zlib'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { Sample, SampledInstance } from './sample.ts'

const magic = Buffer.from('castsmp1')
/** The magic, then when the segment was begun. */
export const headOctets = magic.length + 8
const blockHeadOctets = 8
const flagFresh = 1
const batchOctetsAtMost = 256 * 1024

export function segmentHead(begunMs: number): Buffer {
  const head = Buffer.alloc(headOctets)
  magic.copy(head)
  head.writeDoubleBE(begunMs, magic.length)
  return head
}

/** An instance whose samples are written. */
export interface Series extends SampledInstance {
  /** Its number within the segment, since numbering began for the time that `since` says. */
  number: number
  since: number
  last: SnmpValue | undefined
  lastDiscontinuity: SnmpValue | undefined
}

/** A sample that waits to be written; times are in milliseconds since the run began. */
export interface Pending {
  readonly series: Series
  readonly elapsedMs: number
  readonly value: SnmpValue | 'absent'
  readonly discontinuity: SnmpValue | undefined
}

/** Whole milliseconds. */
export interface BatchTime {
  /** The same until the next one that begins again. */
  readonly runMs: number
  /** The wall clock's time of the first sample. */
  readonly beginMs: number
}

/** Makes blocks of samples; remembers what readers know by then. */
export class BlockWriter {
  readonly #writer = new ByteWriter()
  #numbered = 0
  #numbering = 1
  #isFresh = true

  /** The next block begins a segment, or follows one that may not be there: readers know nothing. */
  beginAgain(): void {
    this.#isFresh = true
    this.#numbered = 0
    this.#numbering++
  }

  /** One block of as many of the samples as it has room for. */
  write(
    samples: readonly Pending[],
    { runMs, beginMs }: BatchTime,
  ): { readonly block: Buffer; readonly count: number } {
    const writer = this.#writer
    writer.clear()
    writer.octet(this.#isFresh ? flagFresh : 0)
    if (this.#isFresh) writer.double(runMs)
    this.#isFresh = false
    let elapsedMs = Math.round(samples[0]!.elapsedMs)
    writer.count(elapsedMs)
    // How far the wall clock was set since the run began.
    writer.signed(beginMs - runMs - elapsedMs)
    let count = 0
    for (const { series, value, discontinuity, ...sample } of samples) {
      if (writer.length > batchOctetsAtMost) break
      count++
      if (series.since !== this.#numbering) this.#name(series)
      const laterMs = Math.max(0, Math.round(sample.elapsedMs) - elapsedMs)
      elapsedMs += laterMs
      writer.count(series.number)
      writer.count(laterMs)
      writer.value(series.last, value, discontinuity !== undefined)
      if (value !== 'absent') series.last = value
      if (!discontinuity) continue
      writer.value(series.lastDiscontinuity, discontinuity)
      series.lastDiscontinuity = discontinuity
    }
    const payload = writer.bytes()
    const block = Buffer.allocUnsafe(blockHeadOctets + payload.length)
    block.writeUInt32BE(payload.length, 0)
    block.writeUInt32BE(crc32(payload), 4)
    payload.copy(block, blockHeadOctets)
    return { block, count }
  }

  #name(series: Series): void {
    series.since = this.#numbering
    series.number = ++this.#numbered
    series.last = undefined
    series.lastDiscontinuity = undefined
    this.#writer.count(0)
    this.#writer.text(series.owner)
    this.#writer.text(series.name)
    this.#writer.oid(series.oid)
  }
}

export interface Segment {
  readonly begunMs: number
  readonly payloads: readonly Buffer[]
  /** Where the last whole block ends. */
  readonly end: number
}

/** Undefined for what is no segment. What follows the last whole block is left out: it was being written when it ended. */
export function readSegment(octets: Buffer): Segment | undefined {
  if (octets.length < headOctets || !octets.subarray(0, magic.length).equals(magic)) return undefined
  const payloads: Buffer[] = []
  let end = headOctets
  while (end + blockHeadOctets <= octets.length) {
    const length = octets.readUInt32BE(end)
    const begin = end + blockHeadOctets
    const payload = octets.subarray(begin, begin + length)
    if (length === 0 || payload.length < length || crc32(payload) !== octets.readUInt32BE(end + 4)) break
    payloads.push(payload)
    end = begin + length
  }
  return { begunMs: octets.readDoubleBE(magic.length), payloads, end }
}

interface Known {
  readonly of: SampledInstance
  last: SnmpValue | undefined
  lastDiscontinuity: SnmpValue | undefined
}

/** The samples of a segment, in the order they were taken. */
export function* samplesOf({ payloads }: Segment): Generator<Sample> {
  let known: Known[] = []
  let runMs = 0
  for (const payload of payloads) {
    const reader = new ByteReader(payload)
    if ((reader.octet() & flagFresh) !== 0) {
      known = []
      runMs = reader.double()
    }
    let elapsedMs = reader.count()
    const behindMs = runMs + reader.signed()
    while (!reader.isAtEnd) {
      const number = reader.count()
      if (number === 0) {
        const of = { owner: reader.text(), name: reader.text(), oid: reader.oid() }
        known.push({ of, last: undefined, lastDiscontinuity: undefined })
        continue
      }
      const one = known[number - 1]
      if (!one) throw new RangeError(`no instance has the number ${number}`)
      elapsedMs += reader.count()
      const { value, isMoreComing } = reader.value(one.last)
      if (value !== 'absent') one.last = value
      let discontinuity: SnmpValue | undefined
      if (isMoreComing) {
        const more = reader.value(one.lastDiscontinuity).value
        if (more !== 'absent') discontinuity = one.lastDiscontinuity = more
      }
      const upTimeTicks = Math.floor(elapsedMs / 10)
      yield { of: one.of, timeMs: behindMs + elapsedMs, runMs, upTimeTicks, value, discontinuity }
    }
  }
}

/**
 * What has come of a long message: chunks as they came, or blocks that small ones are copied to. Nothing is moved while it
 * grows: memory outside the heap that is left behind again and again makes the engine collect all of the heap.
 */

const firstBlock = 1024
const largestBlock = 16_384
/** A chunk from here on is worth an object of its own. */
const keptAsItIs = 4096

export class Pieces {
  #pieces: Buffer[] = []
  /** Room at the end of the last piece, when that is a block. */
  #room = 0
  #octets = 0
  #heldOctets = 0

  /** What has come. */
  get octets(): number {
    return this.#octets
  }

  /** Memory that it takes. */
  get heldOctets(): number {
    return this.#heldOctets
  }

  /** `missing` octets are still to come, these among them. */
  add(data: Buffer, missing: number): void {
    this.#octets += data.length
    const filled = this.#fill(data)
    const rest = data.subarray(filled)
    if (rest.length === 0) return
    const memory = rest.buffer.byteLength
    // A few octets must not keep a large chunk, whose memory is the socket's.
    if (rest.length >= keptAsItIs && memory <= 2 * rest.length) this.#push(rest, memory)
    else this.#begin(rest, missing - filled)
  }

  /** The whole of it, with what came last; nothing is held after that. */
  join(last: Buffer): Buffer {
    const block = this.#room > 0 ? this.#pieces.pop() : undefined
    if (block) this.#pieces.push(block.subarray(0, block.length - this.#room))
    const whole = Buffer.concat([...this.#pieces, last], this.#octets + last.length)
    this.clear()
    return whole
  }

  clear(): void {
    this.#pieces = []
    this.#room = 0
    this.#octets = 0
    this.#heldOctets = 0
  }

  #push(piece: Buffer, memory: number): void {
    this.#pieces.push(piece)
    this.#heldOctets += memory
  }

  /** As much as the last block has room for; gives how much that was. */
  #fill(data: Buffer): number {
    const last = this.#pieces.at(-1)
    if (last === undefined || this.#room === 0) return 0
    const copied = data.copy(last, last.length - this.#room)
    this.#room -= copied
    return copied
  }

  /** A new block that these begin. */
  #begin(data: Buffer, missing: number): void {
    const wanted = Math.max(firstBlock, data.length, Math.min(largestBlock, this.#heldOctets))
    const block = Buffer.allocUnsafeSlow(Math.min(wanted, missing))
    data.copy(block)
    this.#push(block, block.length)
    this.#room = block.length - data.length
  }
}

/** One generation of a followed log: a file by device and inode, how far it is examined, and what proves that it is still the same file. */

import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { fieldsOf } from '../text/fields.ts'

/** What is kept over a restart. Octets are in base64. */
export interface GenerationState {
  readonly device: number
  readonly inode: number
  /** Octets examined; always at the end of a line, unless `isSkipping`. */
  readonly offset: number
  /** The first octets of the file, and those just before the offset. */
  readonly head: string
  readonly tail: string
  /** Within a line that was too long and is passed over up to its end. */
  readonly isSkipping: boolean
  readonly modifiedMs: number
  /** Read to the end, and closed, since nobody wrote to it any more. */
  readonly isComplete?: boolean
}

export function isGenerationState(kept: unknown): kept is GenerationState {
  const { device, inode, offset, head, tail, isSkipping, modifiedMs } = fieldsOf(kept)
  const areNumbers = [device, inode, offset, modifiedMs].every((one) => typeof one === 'number')
  return areNumbers && typeof head === 'string' && typeof tail === 'string' && typeof isSkipping === 'boolean'
}

export interface Generation {
  readonly device: number
  readonly inode: number
  offset: number
  head: Buffer
  tail: Buffer
  isSkipping: boolean
  modifiedMs: number
  isComplete: boolean
  handle: FileHandle | undefined
  /** How far the file was seen to reach. */
  endOctets: number
  /** Since when, on the monotonic clock, the file has another name and did not grow; undefined while it is the live one. */
  quietSinceMs: number | undefined
}

export const headOctets = 128
export const tailOctets = 64

export function newGeneration(
  file: { readonly dev: number; readonly ino: number; readonly mtimeMs: number },
  handle: FileHandle | undefined,
): Generation {
  return {
    device: file.dev,
    inode: file.ino,
    offset: 0,
    head: Buffer.alloc(0),
    tail: Buffer.alloc(0),
    isSkipping: false,
    modifiedMs: file.mtimeMs,
    isComplete: false,
    handle,
    endOctets: 0,
    quietSinceMs: undefined,
  }
}

export function generationOf(state: GenerationState): Generation {
  const { device: dev, inode: ino, modifiedMs: mtimeMs } = state
  return {
    ...newGeneration({ dev, ino, mtimeMs }, undefined),
    offset: state.offset,
    head: Buffer.from(state.head, 'base64'),
    tail: Buffer.from(state.tail, 'base64'),
    isSkipping: state.isSkipping,
    isComplete: state.isComplete ?? false,
  }
}

export function stateOf(generation: Generation): GenerationState {
  const { device, inode, offset, head, tail, isSkipping, modifiedMs, isComplete } = generation
  return {
    device,
    inode,
    offset,
    head: head.toString('base64'),
    tail: tail.toString('base64'),
    isSkipping,
    modifiedMs,
    ...(isComplete ? { isComplete } : {}),
  }
}

export function isFileOf(file: Stats, { device, inode }: Generation): boolean {
  return file.dev === device && file.ino === inode
}

/** The content that follows is examined. */
export function advance(generation: Generation, content: Buffer): void {
  const { head, offset, tail } = generation
  if (head.length < headOctets && head.length === offset)
    generation.head = Buffer.concat([head, content.subarray(0, headOctets - head.length)])
  generation.tail =
    content.length >= tailOctets
      ? Buffer.from(content.subarray(-tailOctets))
      : Buffer.concat([tail, content]).subarray(-tailOctets)
  generation.offset = offset + content.length
}

/** All that is before the offset counts as examined. */
export async function place(generation: Generation, handle: FileHandle, offset: number): Promise<void> {
  generation.offset = offset
  generation.head = Buffer.from(await readAt(handle, 0, Math.min(headOctets, offset)))
  const tailLength = Math.min(tailOctets, offset)
  generation.tail = Buffer.from(await readAt(handle, offset - tailLength, tailLength))
}

/** Whether a file begins as the generation does and has its tail where the generation stands: itself, or a copy of it. */
export async function hasContentOf(handle: FileHandle, { head, tail, offset }: Generation): Promise<boolean> {
  const [begins, ends] = await Promise.all([
    readAt(handle, 0, head.length),
    readAt(handle, offset - tail.length, tail.length),
  ])
  return begins.equals(head) && ends.equals(tail)
}

/** Whether a generation has all of what was compressed, or will have: a file that is open is read to its end. */
export async function isContentOf(
  { head, length }: { readonly head: Buffer; readonly length: number },
  generation: Generation,
): Promise<boolean> {
  const octets = generation.handle ? (await generation.handle.stat()).size : generation.offset
  return octets > 0 && octets % 2 ** 32 === length && head.subarray(0, generation.head.length).equals(generation.head)
}

/** As many octets as there are, up to `length`. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0)
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** Whether a file begins with the byte order mark of UTF-16, as far as it was read. */
export function isUtf16(generation: Generation | undefined): boolean {
  const { head } = generation ?? {}
  if (!head || head.length < 2) return false
  const mark = head.readUInt16BE(0)
  return mark === 0xfeff || mark === 0xfffe
}

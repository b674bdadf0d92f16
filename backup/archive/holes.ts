/** Where a file has holes. Node has no SEEK_HOLE; a file with fewer blocks than octets is read for blocks of zeros. */
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Segment } from './tar-header.ts'

const pieceOctets = 1024 * 1024
const blockOctets = 4096
const zeros = Buffer.alloc(blockOctets)

export const hasHoles = ({ blocks, size }: Pick<Stats, 'blocks' | 'size'>): boolean => blocks * 512 < size

export const isZero = (block: Buffer): boolean => zeros.subarray(0, block.length).equals(block)

/** What is not zeros, in whole blocks; the last segment ends with the file. */
export async function segmentsOf(file: FileHandle, octets: number): Promise<Segment[]> {
  const found: { at: number; octets: number }[] = []
  const piece = Buffer.allocUnsafe(pieceOctets)
  for (let at = 0; at < octets; at += pieceOctets) {
    const { bytesRead } = await file.read(piece, 0, Math.min(pieceOctets, octets - at), at)
    if (bytesRead === 0) break // it became shorter
    for (const segment of dataIn(piece.subarray(0, bytesRead), at)) {
      const last = found.at(-1)
      if (last && last.at + last.octets === segment.at) last.octets += segment.octets
      else found.push(segment)
    }
  }
  const last = found.at(-1)
  if (!last || last.at + last.octets < octets) found.push({ at: octets, octets: 0 })
  return found
}

function* dataIn(piece: Buffer, from: number): Generator<{ at: number; octets: number }> {
  for (let at = 0; at < piece.length; at += blockOctets) {
    const block = piece.subarray(at, at + blockOctets)
    if (!isZero(block)) yield { at: from + at, octets: block.length }
  }
}

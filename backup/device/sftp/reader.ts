/** A download in order, with many requests on their way at once. */
import { untilAborted } from '../within.ts'
import type { SftpSession } from './session.ts'
import { servedByAll as pieceOctets } from './session.ts'

const mostOutstanding = 64

export async function* readFile(
  session: SftpSession,
  handle: Buffer,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const pieces: Promise<Buffer>[] = []
  let position = from
  const ask = (): void => {
    const piece = readPiece(session, handle, position)
    piece.catch(() => {}) // the one that is taken first says it
    pieces.push(piece)
    position += pieceOctets
  }
  while (pieces.length < mostOutstanding) ask()
  for (let next = pieces.shift(); next; next = pieces.shift()) {
    const piece = await untilAborted(next, signal)
    if (piece.length > 0) yield piece
    if (piece.length < pieceOctets) return
    ask()
  }
}

/** A server may give less than is asked for; only nothing means the end. */
async function readPiece(session: SftpSession, handle: Buffer, position: number): Promise<Buffer> {
  const first = await session.read(handle, position, pieceOctets)
  if (first.length === 0 || first.length === pieceOctets) return first
  const parts = [first]
  for (let octets = first.length; octets < pieceOctets; ) {
    const part = await session.read(handle, position + octets, pieceOctets - octets)
    if (part.length === 0) break
    parts.push(part)
    octets += part.length
  }
  return Buffer.concat(parts)
}

/** DiffServValue: the TOS octet (RFC 2474) of what a connection sends, where this Node.js can set it. */
import type { Socket } from 'node:net'

/** False where it cannot: Node.js before 24, and for datagrams none. */
export function setTypeOfService(socket: Socket, octet: number): boolean {
  if (!('setTypeOfService' in socket) || typeof socket.setTypeOfService !== 'function') return false
  try {
    socket.setTypeOfService(octet)
    return true
  } catch {
    return false // the connection ended, or the kernel wants none of it: calls go on without the mark
  }
}

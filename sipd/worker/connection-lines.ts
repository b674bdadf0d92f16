/** What one worker tells the others of the connections that were opened to it, one a line: `+` or `-`, number, far end. */
import { type Hop, hopText } from '../message/hop.ts'
import type { Connection } from '../transport/connection.ts'
import { encodeHopMessage, frames } from './frames.ts'
import type { Links } from './links.ts'

export function connectionLine({ id, hop }: Pick<Connection, 'id' | 'hop'>, isOpen: boolean): string {
  return `${isOpen ? '+' : '-'}${id} ${hopText(hop)}`
}

/** Of all that others opened and that stand; empty when there are none. */
export function inboundLines(connections: Iterable<Connection>): string {
  const inbound = [...connections].filter(({ isInbound }) => isInbound)
  return inbound.map((connection) => connectionLine(connection, true)).join('\n')
}

/** Of the number of a connection, `WORKER.NUMBER`. */
export function workerOfConnection(connection: string): number {
  return Number(connection.slice(0, connection.indexOf('.')))
}

export interface ConnectionNews {
  readonly id: string
  readonly far: string
  readonly isOpen: boolean
}

export function readConnectionLines(payload: Buffer): ConnectionNews[] {
  return payload
    .toString('latin1')
    .split('\n')
    .map((line) => {
      const space = line.indexOf(' ')
      return { id: line.slice(1, space), far: line.slice(space + 1), isOpen: line.startsWith('+') }
    })
}

/** What a worker tells the others of connections, its own and theirs. */
export function linkedConnections(links: () => Pick<Links, 'send' | 'broadcast'>) {
  return {
    onConnection: (connection: Connection, isOpen: boolean): void =>
      links().broadcast(frames.connections, Buffer.from(connectionLine(connection, isOpen), 'latin1')),
    /** Transactions of this worker are under way on a connection of another one, or none any more. */
    holdElsewhere: (connection: string, isHeld: boolean): void => {
      const line = Buffer.from(`${isHeld ? '+' : '-'}${connection}`, 'latin1')
      links().send(workerOfConnection(connection), frames.holds, line)
    },
    sendElsewhere: (text: string, hop: Hop): boolean =>
      links().send(workerOfConnection(hop.connection ?? ''), frames.send, encodeHopMessage(hop, text)),
  }
}

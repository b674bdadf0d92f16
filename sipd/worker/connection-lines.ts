/** What one worker tells the others of the connections that were opened to it, one a line: `+` or `-`, number, far end. */
import { hopText } from '../message/hop.ts'
import type { Connection } from '../transport/connection.ts'

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

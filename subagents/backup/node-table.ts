/** drsNodeTable: other nodes that this one is the master of, and what a SET may do to them. */
import { hostname } from 'node:os'
import { isNodeName, mostNodes, NodeError, type NodeReport, type NodeSettings } from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'
import type { ChangesOf, RowOf } from '../../lib/mib/declare.ts'
import { type Change, type Refusal, serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import { shortestPassphrase } from '../../snmp/security/usm/keys.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'
import { rowsBeside } from './beside.ts'
import { drsNodeTable } from './mib-nodes.ts'

export type NodeRow = RowOf<typeof drsNodeTable>
type NodeChange = Change<NodeRow, ChangesOf<typeof drsNodeTable>>
type NodeColumn = keyof NodeRow & string

export interface NodeEvents {
  /** Of an active row that is new, or was changed. */
  toLookAt(row: NodeRow): void
  removed(row: NodeRow): void
}

export class NodeTable {
  readonly served
  readonly #events: NodeEvents

  constructor(events: NodeEvents) {
    this.#events = events
    this.served = serve(drsNodeTable, {
      isComplete: (row) => passphraseColumns.every((column) => row[column].length >= shortestPassphrase),
      test: (change) => this.#test(change),
      commit: ({ before, after }) => ({ finish: () => this.#apply(before, after) }),
    })
  }

  /** In ascending order. */
  get indexes(): number[] {
    return [...this.served.table.rows()].map(({ drsNodeIndex }) => drsNodeIndex)
  }

  /** Those in service. */
  get active(): readonly NodeRow[] {
    return [...this.served.table.rows()].filter((row) => row.drsNodeRowStatus === 'active' && !nodeMistake(row))
  }

  /** What a look at a node found, or why it failed; false where the node is not there any more. */
  show({ drsNodeIndex }: NodeRow, found: NodeReport | NodeError, now: Date): boolean {
    const row = this.served.table.get({ drsNodeIndex })
    if (!row) return false
    if (found instanceof NodeError) {
      const drsNodeError = truncateUtf8(messageOf(found), 1024)
      this.served.table.patch(row, { drsNodeOperStatus: found.fault, drsNodeError })
    } else {
      const drsNodeVersion = truncateUtf8(found.version, 255)
      this.served.table.patch(row, { drsNodeOperStatus: 'ready', drsNodeError: '', drsNodeVersion })
    }
    // Who refuses has answered.
    const isSeen = !(found instanceof NodeError) || found.fault !== 'unreachable'
    if (isSeen) this.served.table.patch(row, { drsNodeLastSeen: now })
    return true
  }

  #test({ after, before, alongside }: NodeChange): Refusal | undefined {
    if (!after) return undefined
    const mistake = nodeMistake(after)
    if (mistake) return { status: 'wrongValue', column: mistake.column }
    const others = rowsBeside(this.served.table.rows(), { row: after, alongside }, (one) => one.drsNodeIndex)
    if (others.some(({ drsNodeName }) => drsNodeName === after.drsNodeName))
      return { status: 'inconsistentValue', column: 'drsNodeName' }
    if (!before && others.length >= mostNodes) return { status: 'resourceUnavailable', column: 'drsNodeRowStatus' }
    return undefined
  }

  #apply(before: NodeRow | undefined, after: NodeRow | undefined): void {
    if (after?.drsNodeRowStatus === 'active') this.#events.toLookAt(after)
    else if (before) this.#events.removed(before)
  }
}

const passphraseColumns = ['drsNodeAuthPassphrase', 'drsNodePrivPassphrase'] as const

/** A column whose value cannot be so, and a sentence; undefined where all can. */
export function nodeMistake(row: NodeRow): { readonly column: NodeColumn; readonly sentence: string } | undefined {
  const { drsNodeName: name, drsNodeAuthProtocol: auth, drsNodePrivProtocol: priv } = row
  if (!isNodeName(name))
    return { column: 'drsNodeName', sentence: `a node name must be letters, digits, dots and dashes, got ${name}` }
  if (name === hostname())
    return { column: 'drsNodeName', sentence: `${name} is this node, which is part of every backup` }
  if (!authProtocols.some((one) => one.name === auth))
    return { column: 'drsNodeAuthProtocol', sentence: `unknown authentication protocol ${auth}` }
  if (!privProtocols.some((one) => one.name === priv))
    return { column: 'drsNodePrivProtocol', sentence: `unknown privacy protocol ${priv}` }
  return undefined
}

export function nodeSettingsOf(row: NodeRow): NodeSettings {
  return {
    name: row.drsNodeName,
    host: row.drsNodeHost,
    port: row.drsNodePort,
    user: {
      name: row.drsNodeUserName,
      authProtocol: row.drsNodeAuthProtocol,
      privProtocol: row.drsNodePrivProtocol,
      authPassphrase: Buffer.from(row.drsNodeAuthPassphrase).toString('utf8'),
      privPassphrase: Buffer.from(row.drsNodePrivPassphrase).toString('utf8'),
    },
  }
}

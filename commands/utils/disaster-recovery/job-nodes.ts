/** How far each node is with a job in which several take part, for people. */
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { rowsOf } from './ask.ts'

export interface ShownNode {
  readonly node: string
  readonly status: string
  readonly percent: number
  readonly component: string
  readonly error: string
}

/** None where the job is of this node alone. */
export async function nodesOfJob(home: Home, job: number): Promise<readonly ShownNode[]> {
  const rows = await rowsOf(home, 'drsJobNodeTable')
  return rows
    .filter(({ index }) => index[0] === job)
    .map((row) => ({
      node: row.get('drsJobNodeName'),
      status: row.get('drsJobNodeStatus'),
      percent: Number(row.get('drsJobNodePercent')),
      component: row.get('drsJobNodeComponent'),
      error: row.get('drsJobNodeError'),
    }))
}

/** A line of each, to stand below that of the job. */
export function nodeLines(nodes: readonly ShownNode[]): string {
  return nodes.map((one) => `  ${printable(nodeLine(one))}\n`).join('')
}

function nodeLine({ node, status, percent, component, error }: ShownNode): string {
  if (status === 'running') return `${node}: running, ${percent} %${component === '' ? '' : `, ${component}`}`
  return `${node}: ${status}${error === '' ? '' : `: ${error}`}`
}

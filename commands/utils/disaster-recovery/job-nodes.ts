/** The nodes of jobs in which several take part, as people name them, and how far each is. */
import { CommandFailure } from '../../../lib/cli/exit-codes.ts'
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { globalsOf, rowsOf } from './ask.ts'

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

/** Throws where one of these is neither this machine nor a node of it. `names` are separated by commas. */
export async function requireNodes(home: Home, names: string): Promise<void> {
  const others = (await rowsOf(home, 'drsNodeTable')).map((row) => row.get('drsNodeName'))
  const known = [(await globalsOf(home)).get('drsMasterAgentNode'), ...others]
  const unknown = names.split(',').find((name) => !known.includes(name.trim()))
  if (unknown === undefined) return
  throw new CommandFailure(`there is no node ${printable(unknown.trim())}; known are ${printable(known.join(', '))}`)
}

/** A line of each, to stand below that of the job. */
export function nodeLines(nodes: readonly ShownNode[]): string {
  return nodes.map((one) => `  ${printable(nodeLine(one))}\n`).join('')
}

function nodeLine({ node, status, percent, component, error }: ShownNode): string {
  if (status === 'running') return `${node}: running, ${percent} %${component === '' ? '' : `, ${component}`}`
  return `${node}: ${status}${error === '' ? '' : `: ${error}`}`
}

/** Asks the local agent of a node once, apart from any job. */
import { NodeError, type NodeReport, type NodeSettings } from '../../lib/backup/node.ts'
import { ChildAgents } from './child-agents.ts'

/** Rejects with NodeError. */
export async function askNode(node: NodeSettings, signal: AbortSignal): Promise<NodeReport> {
  if (signal.aborted) throw new NodeError('unreachable', `${node.name} was not asked`)
  const agent = new ChildAgents().open(node)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= agent.close())
  const end = (): void => void close()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await agent.report()
  } finally {
    signal.removeEventListener('abort', end)
    await close()
  }
}

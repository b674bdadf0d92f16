/** Asks the local agent of a node once, apart from any job. */
import { NodeError, type NodeReport, type NodeSettings } from '../../lib/backup/node.ts'
import { ChildAgent } from './child-agent.ts'

/** Rejects with NodeError. */
export async function askNode(node: NodeSettings, signal: AbortSignal): Promise<NodeReport> {
  const agent = new ChildAgent(node)
  const end = (): void => void agent.close()
  signal.addEventListener('abort', end, { once: true })
  try {
    if (signal.aborted) throw new NodeError('unreachable', `${node.name} was not asked`)
    return await agent.report()
  } finally {
    signal.removeEventListener('abort', end)
    await agent.close()
  }
}

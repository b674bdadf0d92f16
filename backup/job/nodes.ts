/** The other nodes of a job: started with it, shown in its status, and canceled with it. */
import type { JobRequest } from '../../lib/backup/job.ts'
import type { NodeTask } from '../../lib/backup/node.ts'
import { type NodeOutcome, runTasks } from '../node/run-tasks.ts'
import { isCanceled, type JobContext } from './context.ts'

export class JobNodes {
  readonly #ending = new AbortController()
  readonly #ended: Promise<readonly NodeOutcome[]>

  /** Gives all nodes of the request their task. `own` is this node, where it takes part. */
  constructor(context: JobContext, { nodes = [] }: JobRequest, task: NodeTask, own: string | undefined) {
    const { status, clock, log, signal } = context
    if (nodes.length > 0)
      status.expectNodes(
        own,
        nodes.map(({ name }) => name),
      )
    const options = {
      ...{ task, clock, log, signal: AbortSignal.any([signal, this.#ending.signal]) },
      open: context.openNode,
      isCanceled: () => isCanceled(context),
      show: status.node.bind(status),
      alarm: status.alarm.bind(status),
    }
    this.#ended =
      task.device.type === 'tape' ? Promise.resolve(refuseTape(context, nodes, task)) : runTasks(nodes, options)
  }

  /** Resolves when all are done, or have failed. */
  finish(): Promise<readonly NodeOutcome[]> {
    return this.#ended
  }

  /** What still runs is canceled, as far as its node can be reached. */
  async abandon(): Promise<void> {
    this.#ending.abort()
    await this.#ended
  }
}

/** A drive is of one machine. */
function refuseTape(
  { status }: JobContext,
  nodes: NonNullable<JobRequest['nodes']>,
  { type, device }: NodeTask,
): NodeOutcome[] {
  return nodes.map(({ name: node }) => {
    const error = `${device.name} is a tape drive of this machine, which ${node} cannot use; use a network device`
    status.alarm('localAgentStartFailure', node, `cannot start the ${type} of ${node}: ${error}`)
    status.node({ node, state: 'failed', percent: 0, component: '', error })
    return { node, state: 'failed', error }
  })
}

/** Gives other nodes their tasks, all at once, and follows each to its end. What goes wrong with one keeps none of the others. */
import type { AlarmId, JobResult, NodeProgress, NodeState } from '../../lib/backup/job.ts'
import {
  type LocalAgent,
  leaseMs,
  NodeError,
  type NodeSettings,
  type NodeTask,
  type TaskState,
  type WrittenPart,
} from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import type { ReportLog } from '../archive/report.ts'

export interface TaskOptions {
  readonly task: NodeTask
  readonly clock: Clock
  readonly log: ReportLog
  /** Aborted where nobody needs the tasks any more: they are canceled, and not waited for. */
  readonly signal: AbortSignal
  open(node: NodeSettings): LocalAgent
  /** Whether somebody wants the job to end after the current components. */
  isCanceled(): boolean
  show(progress: NodeProgress): void
  alarm(id: AlarmId, object: string, text: string): void
}

export interface NodeOutcome {
  readonly node: string
  readonly state: Exclude<NodeState, 'waiting' | 'running'>
  /** Empty where the node is done. */
  readonly error: string
  readonly part?: WrittenPart
}

const lookEveryMs = 1000
const keepEveryMs = leaseMs / 3
/** A node is gone when it has been silent for so long. A restore stops its agent, drains its calls, and starts it again. */
const silentAtMostMs = { backup: 15_000, restore: 300_000 } as const

/** Never rejects: how it went is in the outcome of each node, and what went wrong an alarm. */
export function runTasks(nodes: readonly NodeSettings[], options: TaskOptions): Promise<NodeOutcome[]> {
  return Promise.all(nodes.map((node) => new RunningTask(node.name, options).run(options.open(node))))
}

class RunningTask {
  readonly #node: string
  readonly #options: TaskOptions
  #last: NodeProgress

  constructor(node: string, options: TaskOptions) {
    this.#node = node
    this.#options = options
    this.#last = { node, state: 'waiting', percent: 0, component: '', error: '' }
  }

  async run(agent: LocalAgent): Promise<NodeOutcome> {
    let outcome: NodeOutcome
    try {
      outcome = await this.#follow(agent)
    } catch (error) {
      outcome = this.#failToBegin(error)
    } finally {
      await agent.close()
    }
    const { state, error } = outcome
    this.#show({ state, error, component: '', ...(state === 'done' && { percent: 100 }) })
    const { task, log } = this.#options
    if (state === 'done') log.info(`${this.#node}: ${task.type} done`)
    else log.warn(`${this.#node}: ${task.type} ${state}: ${error}`)
    return outcome
  }

  async #follow(agent: LocalAgent): Promise<NodeOutcome> {
    const { task, log, signal } = this.#options
    if (signal.aborted) return this.#outcome('canceled', 'the job ended before the node was asked')
    const job = await agent.begin(task)
    log.info(`${this.#node}: ${task.type} began as job ${job} of that node`)
    this.#show({ state: 'running' })
    return this.#toTheEnd(agent, job)
  }

  async #toTheEnd(agent: LocalAgent, job: number): Promise<NodeOutcome> {
    const { clock, task, signal } = this.#options
    let heardMs = clock.monotonicMs()
    let keptMs = heardMs
    let isCanceled = false
    for (;;) {
      await pause(clock, lookEveryMs, signal)
      try {
        if (!isCanceled && (signal.aborted || this.#options.isCanceled())) {
          await agent.cancel(job)
          isCanceled = true
        }
        if (signal.aborted) return this.#outcome('canceled', 'the job ended before the node did')
        if (clock.monotonicMs() - keptMs >= keepEveryMs) {
          await agent.keep(job)
          keptMs = clock.monotonicMs()
        }
        const state = await agent.look(job)
        heardMs = clock.monotonicMs()
        if (state.isCompleted) return this.#end(state)
        this.#show({ percent: state.percent, component: state.component })
      } catch (error) {
        // A user that the node does not know any more stays unknown.
        const isFinal = error instanceof NodeError && error.fault === 'unauthorized'
        const isSilent = clock.monotonicMs() - heardMs >= silentAtMostMs[task.type]
        if (isFinal || isSilent || signal.aborted) return this.#disconnect(error)
      }
    }
  }

  #failToBegin(error: unknown): NodeOutcome {
    const { task } = this.#options
    const reason = messageOf(error)
    const isReached = error instanceof NodeError && (error.fault === 'notServing' || error.fault === 'refused')
    const id = isReached ? 'localAgentStartFailure' : 'ma2laFailure'
    this.#options.alarm(id, this.#node, `cannot start the ${task.type} of ${this.#node}: ${reason}`)
    return this.#outcome('failed', reason)
  }

  #disconnect(error: unknown): NodeOutcome {
    const { task, alarm } = this.#options
    const reason = messageOf(error)
    const id = task.type === 'backup' ? 'maBackupNodeDisconnect' : 'maRestoreNodeDisconnect'
    alarm(id, this.#node, `${this.#node} disappeared before its ${task.type} was done: ${reason}`)
    return this.#outcome('disconnected', reason)
  }

  #end({ result, error, part }: TaskState): NodeOutcome {
    const { task, alarm } = this.#options
    const isWhole = part === undefined ? task.type === 'restore' && isGood(result) : !part.isPartial
    if (isWhole) return { ...this.#outcome('done', ''), ...(part && { part }) }
    if (result === 'canceled') return this.#outcome('canceled', error)
    const reason = error === '' ? `it ended: ${result}; see: utils disaster_recovery status, on ${this.#node}` : error
    const id = task.type === 'backup' ? 'maBackupComponentFailure' : 'maRestoreComponentFailure'
    alarm(id, this.#node, `the ${task.type} of ${this.#node} ${part ? 'lacks components' : 'failed'}: ${reason}`)
    return part ? { ...this.#outcome('partial', reason), part } : this.#outcome('failed', reason)
  }

  #outcome(state: NodeOutcome['state'], error: string): NodeOutcome {
    return { node: this.#node, state, error }
  }

  #show(changes: Partial<NodeProgress>): void {
    this.#last = { ...this.#last, ...changes }
    this.#options.show(this.#last)
  }
}

const isGood = (result: JobResult): boolean => result === 'succeeded' || result === 'succeededWithWarnings'

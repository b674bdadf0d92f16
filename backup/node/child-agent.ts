/**
 * The local agent of another node, which a child without root talks to: datagrams from the network are decoded by a process that
 * may read no file of ours. The settings, passphrases among them, go through the pipe, and never into an argument or a variable.
 */
import { join } from 'node:path'
import {
  type LocalAgent,
  NodeError,
  type NodeReport,
  type NodeSettings,
  type NodeTask,
  type TaskState,
} from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'
import { describeExit } from '../../lib/program/exit.ts'
import type { Program } from '../../lib/program/program.ts'
import { startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { printable } from '../../lib/text/escape.ts'
import { encodeMessage, FrameReader } from '../device/child/frames.ts'
import { parseAnswer, parseJob, parseReport, parseState, type Request } from './messages.ts'

/** The child that serves a node on its input and output (backup/node/main.ts). */
function startNodeProgram(): Program {
  const main = join(programRoot, 'dist', 'backup', 'node', 'main.js')
  return startProgram({ argv: [process.execPath, main], input: 'pipe', output: 'pipe', errors: 'pipe' })
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: NodeError): void
}

/** The end of what a child says before it ends. */
const keptErrorOctets = 2000

export class ChildAgent implements LocalAgent {
  readonly #name: string
  readonly #program: Program
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #failure: NodeError | undefined
  #errors = ''

  constructor(settings: NodeSettings, start = startNodeProgram) {
    this.#name = settings.name
    this.#program = start()
    const frames = new FrameReader()
    this.#program.output?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.push(chunk)) if (frame.kind === 'message') this.#take(frame.id, frame.message)
      } catch (error) {
        this.#fail(`broke the protocol: ${messageOf(error)}`)
        this.#program.signalAll('SIGKILL')
      }
    })
    this.#program.errors?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-keptErrorOctets)
    })
    void this.#program.exited.then((exit) => this.#fail(`${describeExit(exit)} ${this.#errors.trim()}`.trim()))
    this.#send(0, { type: 'open', settings })
  }

  async begin(task: NodeTask): Promise<number> {
    return parseJob(await this.#request({ type: 'begin', task })) ?? this.#refuse()
  }

  async look(job: number): Promise<TaskState> {
    return parseState(await this.#request({ type: 'look', job })) ?? this.#refuse()
  }

  async keep(job: number): Promise<void> {
    await this.#request({ type: 'keep', job })
  }

  async cancel(job: number): Promise<void> {
    await this.#request({ type: 'cancel', job })
  }

  async report(): Promise<NodeReport> {
    return parseReport(await this.#request({ type: 'report' })) ?? this.#refuse()
  }

  /** The child holds nothing that it would have to give back. */
  async close(): Promise<void> {
    this.#program.input?.end()
    this.#program.signalAll('SIGTERM')
    await this.#program.exited
  }

  #request(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#send(id, request)
    })
  }

  #send(id: number, request: Request): void {
    this.#program.input?.write(encodeMessage(id, request))
  }

  #take(id: number, message: unknown): void {
    const answer = parseAnswer(message)
    if (!answer) throw new Error('an answer of an unknown form')
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    // Its message is made harmless again: who made it has read what came from the network.
    if (answer.type === 'failure') waiting?.reject(new NodeError(answer.fault, printable(answer.message)))
    else waiting?.resolve(answer.value)
  }

  #fail(reason: string): void {
    this.#failure ??= new NodeError('unreachable', `the process that talks to ${this.#name} ${reason}; try again`)
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }

  #refuse(): never {
    throw new NodeError(
      'refused',
      `${this.#name} gave an answer of another form; look whether its version is this one's`,
    )
  }
}

/** The job's end of the pipe to the child that talks to other nodes: requests and their answers, until the child ends. */
import { NodeError } from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'
import { describeExit } from '../../lib/program/exit.ts'
import type { Program } from '../../lib/program/program.ts'
import { printable } from '../../lib/text/escape.ts'
import { encodeMessage, FrameReader } from '../device/child/frames.ts'
import { parseAnswer, type Request } from './messages.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: NodeError): void
}

/** The end of what a child says before it ends. */
const keptErrorOctets = 2000

export class NodeChannel {
  readonly #program: Program
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #failure: NodeError | undefined
  #errors = ''

  constructor(program: Program) {
    this.#program = program
    const frames = new FrameReader()
    program.output?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.push(chunk)) if (frame.kind === 'message') this.#take(frame.id, frame.message)
      } catch (error) {
        this.#fail(`broke the protocol: ${messageOf(error)}`)
        program.signalAll('SIGKILL')
      }
    })
    program.errors?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-keptErrorOctets)
    })
    void program.exited.then((exit) => this.#fail(`${describeExit(exit)} ${this.#errors.trim()}`.trim()))
  }

  /** What is answered. Rejects with NodeError. */
  request(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#program.input?.write(encodeMessage(id, request))
    })
  }

  /** The child holds nothing that it would have to give back. */
  async close(): Promise<void> {
    this.#program.input?.end()
    this.#program.signalAll('SIGTERM')
    await this.#program.exited
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
    this.#failure ??= new NodeError('unreachable', `the process that talks to other nodes ${reason}; try again`)
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

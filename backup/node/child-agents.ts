/**
 * The local agents of other nodes, which one child without root talks to: datagrams from the network are decoded by a process that
 * may read no file of ours. The settings, passphrases among them, go through the pipe, and never into an argument or a variable.
 */
import { join } from 'node:path'
import { type LocalAgent, NodeError, type NodeSettings } from '../../lib/backup/node.ts'
import type { Program } from '../../lib/program/program.ts'
import { startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { NodeChannel } from './channel.ts'
import { type NodeRequest, parseJob, parseReport, parseState } from './messages.ts'

/** The child that serves nodes on its input and output (backup/node/main.ts). */
function startNodeProgram(): Program {
  const main = join(programRoot, 'dist', 'backup', 'node', 'main.js')
  return startProgram({ argv: [process.execPath, main], input: 'pipe', output: 'pipe', errors: 'pipe' })
}

export class ChildAgents {
  readonly #start: () => Program
  #channel: NodeChannel | undefined
  #open = 0

  constructor(start = startNodeProgram) {
    this.#start = start
  }

  /** Each is closed by who opened it; the child ends with the last one. */
  open(settings: NodeSettings): LocalAgent {
    this.#channel ??= new NodeChannel(this.#start())
    this.#open++
    const channel = this.#channel
    const { name } = settings
    const ask = (request: NodeRequest): Promise<unknown> => channel.request({ ...request, node: name })
    // The child keeps the order of requests; should it end, so does each of them.
    channel.request({ type: 'open', settings }).catch(() => {})
    return {
      begin: async (task) => parseJob(await ask({ type: 'begin', task })) ?? refuse(name),
      look: async (job) => parseState(await ask({ type: 'look', job })) ?? refuse(name),
      keep: async (job) => void (await ask({ type: 'keep', job })),
      cancel: async (job) => void (await ask({ type: 'cancel', job })),
      report: async () => parseReport(await ask({ type: 'report' })) ?? refuse(name),
      close: () => this.#closeOne(channel),
    }
  }

  async #closeOne(channel: NodeChannel): Promise<void> {
    if (--this.#open > 0) return
    this.#channel = undefined
    await channel.close()
  }
}

function refuse(name: string): never {
  throw new NodeError('refused', `${name} gave an answer of another form; look whether its version is this one's`)
}

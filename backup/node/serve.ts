/** The child's end of the pipe: asks the local agents of nodes what the job wants to know, until the job closes the pipe. */
import type { Readable, Writable } from 'node:stream'
import type { LocalAgent, NodeSettings } from '../../lib/backup/node.ts'
import { encodeMessage, FrameReader } from '../device/child/frames.ts'
import { failureOf, isRequest, type Request } from './messages.ts'

export interface NodeServer {
  readonly input: Readable
  readonly output: Writable
  openAgent(settings: NodeSettings): LocalAgent
}

/** Resolves when the pipe is closed; rejects when the job breaks the protocol. */
export async function serveNodes({ input, output, openAgent }: NodeServer): Promise<void> {
  const frames = new FrameReader()
  const agents = new Map<string, LocalAgent>()
  output.on('error', () => {}) // the job is gone, and the input says so
  try {
    for await (const chunk of input)
      for (const { id, ...frame } of frames.push(chunk)) {
        if (frame.kind !== 'message' || !isRequest(frame.message)) throw new Error('the job sent an unknown request')
        const { message } = frame
        if (message.type === 'open') agents.set(message.settings.name, openAgent(message.settings))
        void answer(agents, message).then((answered) => output.write(encodeMessage(id, answered)))
      }
  } finally {
    for (const agent of agents.values()) await agent.close()
  }
}

async function answer(agents: ReadonlyMap<string, LocalAgent>, request: Request): Promise<object> {
  try {
    if (request.type === 'open') return { type: 'answer' }
    const agent = agents.get(request.node)
    if (!agent) throw new Error(`the job sent a request for ${request.node} before it opened it`)
    return { type: 'answer', value: await ask(agent, request) }
  } catch (error) {
    return failureOf(error)
  }
}

function ask(agent: LocalAgent, request: Exclude<Request, { type: 'open' }>): Promise<unknown> {
  switch (request.type) {
    case 'begin':
      return agent.begin(request.task)
    case 'report':
      return agent.report()
    default:
      return agent[request.type](request.job)
  }
}

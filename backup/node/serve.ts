/** The child's end of the pipe: asks the local agent of one node what the job wants to know, until the job closes the pipe. */
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
export async function serveNode({ input, output, openAgent }: NodeServer): Promise<void> {
  const frames = new FrameReader()
  let agent: LocalAgent | undefined
  output.on('error', () => {}) // the job is gone, and the input says so
  try {
    for await (const chunk of input)
      for (const frame of frames.push(chunk)) {
        if (frame.kind !== 'message' || !isRequest(frame.message)) throw new Error('the job sent an unknown request')
        if (frame.message.type === 'open') agent = openAgent(frame.message.settings)
        else void answer(agent, frame.message).then((message) => output.write(encodeMessage(frame.id, message)))
      }
  } finally {
    await agent?.close()
  }
}

async function answer(agent: LocalAgent | undefined, request: Exclude<Request, { type: 'open' }>): Promise<object> {
  try {
    if (!agent) throw new Error('the job sent a request before it named a node')
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

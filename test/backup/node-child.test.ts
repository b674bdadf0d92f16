/** The pipe between a job and its child that talks to another node. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { encodeMessage, FrameReader } from '../../backup/device/child/frames.ts'
import { parseAnswer, parseReport, parseState } from '../../backup/node/messages.ts'
import { serveNodes } from '../../backup/node/serve.ts'
import { NodeError, type NodeSettings } from '../../lib/backup/node.ts'

const settings: NodeSettings = {
  ...{ name: 'node2', host: '192.0.2.1', port: 161 },
  user: {
    name: 'u',
    authProtocol: 'SHA-256',
    privProtocol: 'AES',
    authPassphrase: 'secret12',
    privPassphrase: 'secret34',
  },
}

test('the child does what the job asks, says why it cannot, and ends with the pipe', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const opened: NodeSettings[] = []
  let isClosed = false
  const served = serveNodes({
    ...{ input, output },
    openAgent(given) {
      opened.push(given)
      return {
        begin: async () => 4,
        look: () => Promise.reject(new NodeError('unreachable', 'nobody answers')),
        keep: async () => {},
        cancel: async () => {},
        report: async () => ({ name: 'node2', version: '1', features: [] }),
        close: async () => {
          isClosed = true
        },
      }
    },
  })
  const frames = new FrameReader()
  const ask = async (id: number, message: object): Promise<unknown> => {
    input.write(encodeMessage(id, message))
    for (;;) {
      const [chunk] = await once(output, 'data')
      const [frame] = frames.push(chunk)
      if (frame?.kind === 'message' && frame.id === id) return frame.message
    }
  }
  assert.deepEqual(await ask(9, { type: 'open', settings }), { type: 'answer' })
  assert.deepEqual(await ask(1, { type: 'begin', node: 'node2', task: {} }), { type: 'answer', value: 4 })
  const failure = { type: 'failure', message: 'nobody answers', fault: 'unreachable' }
  assert.deepEqual(await ask(2, { type: 'look', node: 'node2', job: 4 }), failure)
  assert.deepEqual(await ask(3, { type: 'keep', node: 'node2', job: 4 }), { type: 'answer' })
  input.end()
  await served
  assert.deepEqual([opened, isClosed], [[settings], true])
})

test('what the child says is taken only in the form that it must have', () => {
  const part = {
    octets: 1,
    tarOctets: 2,
    sha256: 'ab'.repeat(32),
    isPartial: false,
    features: ['AGENT'],
    signingKey: 'a+/=',
  }
  const state = { isCompleted: true, result: 'succeeded', percent: 100, component: '', error: '', part }
  assert.deepEqual(parseState(state), state)
  for (const wrong of [
    undefined,
    { ...state, percent: -1 },
    { ...state, result: 'splendid' },
    { ...state, part: { ...part, sha256: '../x' } },
    { ...state, part: { ...part, signingKey: 'key\n"' } },
    { ...state, part: { ...part, features: [1] } },
    { ...state, part: 'none' },
  ])
    assert.equal(parseState(wrong), undefined, JSON.stringify(wrong))
  assert.equal(parseAnswer({ type: 'failure', message: 'x', fault: 'unknown' }), undefined)
  assert.equal(parseReport({ name: 'a', version: '1', features: [{ name: 'AGENT' }] }), undefined)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ControlError, control, controlLines, NoAnswerError } from '../../lib/process/control.ts'
import { ownFolder } from '../support/other-owner.ts'

const folder = ownFolder()
const closing: (() => void)[] = []
after(() => {
  for (const close of closing) close()
})

/** What listens in the place of a daemon, as a lesser user could have it. */
async function impostor(name: string, answer: (socket: Socket) => void): Promise<string> {
  const path = join(folder, name)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    answer(socket)
  })
  await once(server.listen(path), 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return path
}

const endless = (socket: Socket): void => {
  const more = (): void => {
    if (!socket.destroyed) socket.write('x'.repeat(1 << 20), more)
  }
  more()
}

test('an answer that never ends is given up', { timeout: 60_000 }, async () => {
  const path = await impostor('endless', endless)
  await assert.rejects(
    control(path, 'status'),
    (error) => error instanceof ControlError && /longer than/.test(error.message),
  )
  await assert.rejects(controlLines(path, 'calls').next(), /longer than/)
})

test('an answer that comes letter by letter is waited for no longer than for none', { timeout: 60_000 }, async () => {
  const path = await impostor('slow', (socket) => {
    const timer = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  await assert.rejects(control(path, 'status', 300), NoAnswerError)
})

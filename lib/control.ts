/** How an operator's command speaks to a daemon: one line in, one line out, over a Unix socket of its owner alone. */
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { checkSocketPath } from './socket-path.ts'

export type ControlHandler = (words: readonly string[]) => Promise<string>

/** The daemon answered with an error; the message is what it said. */
export class ControlError extends Error {}

/** The daemon took the line, and no answer came in time. */
export class NoAnswerError extends Error {}

const longestLine = 1024

/** Answers lines such as `restart critapp` with what the handler says, or with `error: ...`. */
export async function listenForControl(path: string, handle: ControlHandler): Promise<Server> {
  checkSocketPath(path)
  rmSync(path, { force: true }) // of a process that was killed
  const server = createServer((socket) => {
    let line = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text: string) => {
      line += text
      if (line.length > longestLine) socket.destroy()
      const end = line.indexOf('\n')
      if (end < 0) return
      const words = line.slice(0, end).trim().split(/\s+/)
      handle(words).then(
        (answer) => socket.end(`${answer}\n`),
        (error: Error) => socket.end(`error: ${error.message}\n`),
      )
    })
  })
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o600)
  return server
}

/**
 * Says a line to a daemon; resolves to its answer. Throws ControlError, NoAnswerError, or what the socket says when
 * nobody listens (ENOENT, ECONNREFUSED) or we may not ask (EACCES).
 */
export async function control(path: string, line: string, withinMs = 10_000): Promise<string> {
  const socket = createConnection({ path })
  socket.setTimeout(withinMs, () => socket.destroy(new NoAnswerError('no answer in time')))
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    answer += text
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.write(`${line}\n`)
  })
  const said = answer.trim()
  if (said.startsWith('error: ')) throw new ControlError(said.slice('error: '.length))
  return said
}

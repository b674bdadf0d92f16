/** How an operator's command speaks to a daemon: one line in, one line out, over a Unix socket of its owner alone. */

import { createServer, type Server } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../errors.ts'
import { checkSocketPath } from '../net/socket-path.ts'
import { connectTo, listenAt } from '../trust/socket.ts'

/** The answer, or the lines of one that is too long to be put together first. */
export type ControlHandler = (words: readonly string[]) => Promise<string | AsyncIterable<string>>

/** The daemon answered with an error; the message is what it said. */
export class ControlError extends Error {}

/** The daemon took the line, and no answer came in time. */
export class NoAnswerError extends Error {}

/** A private key of a backup device fits. */
const longestLine = 16_384
/** Root asks sockets that a lesser user may have put in the place of a daemon's: what they say ends, in time and in octets. */
const longestAnswer = 1 << 22

/** Answers lines such as `restart critapp` with what the handler says, or with `error: ...`. */
export async function listenForControl(path: string, handle: ControlHandler): Promise<Server> {
  checkSocketPath(path)
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
        (answer) => {
          if (typeof answer === 'string') socket.end(`${answer}\n`)
          else pipeline(Readable.from(asText(answer)), socket).catch(() => {}) // nobody wants the rest
        },
        (error: Error) => socket.end(`error: ${error.message}\n`),
      )
    })
  })
  await listenAt(server, path)
  // No descriptor is left for who asks, and who asks again may have one.
  server.on('error', () => {})
  return server
}

/** A long answer ends with this line: without it the daemon ended meanwhile, and the rest is missing. */
const endOfLines = 'end'
const charactersAtOnce = 1 << 16

/** Lines in larger pieces, and behind them whether they were all. */
async function* asText(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = ''
  let last = endOfLines
  try {
    for await (const line of lines) {
      text += `${line}\n`
      if (text.length < charactersAtOnce) continue
      yield text
      text = ''
    }
  } catch (error) {
    last = `error: ${messageOf(error)}`
  }
  yield `${text}${last}\n`
}

/** Says a line to a daemon whose answer is long; gives its lines as they come. Throws as `control` does. */
export async function* controlLines(path: string, line: string, withinMs = 10_000): AsyncGenerator<string> {
  const socket = connectTo(path)
  socket.setTimeout(withinMs, () => socket.destroy(new NoAnswerError('no answer in time')))
  socket.setEncoding('utf8')
  socket.write(`${line}\n`)
  let rest = ''
  let last = ''
  for await (const chunk of socket) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestAnswer) throw tooLong()
    for (const next of lines) {
      if (last !== '') yield last
      last = next
    }
  }
  if (last.startsWith('error: ')) throw new ControlError(last.slice('error: '.length))
  if (last !== endOfLines) throw new ControlError('the answer was cut off; did the daemon end?')
}

/**
 * Says a line to a daemon; resolves to its answer. Throws ControlError, NoAnswerError, or what the socket says when
 * nobody listens (ENOENT, ECONNREFUSED) or we may not ask (EACCES).
 */
export async function control(path: string, line: string, withinMs = 10_000): Promise<string> {
  const socket = connectTo(path)
  // Of the whole answer: one that comes letter by letter is none.
  const patience = setTimeout(() => socket.destroy(new NoAnswerError('no answer in time')), withinMs)
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    answer += text
    if (answer.length > longestAnswer) socket.destroy(tooLong())
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => resolve())
    socket.write(`${line}\n`)
  }).finally(() => clearTimeout(patience))
  const said = answer.trim()
  if (said.startsWith('error: ')) throw new ControlError(said.slice('error: '.length))
  return said
}

function tooLong(): ControlError {
  return new ControlError(
    `the answer is longer than ${longestAnswer / (1 << 20)} MiB; does something else listen there?`,
  )
}

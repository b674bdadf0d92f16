import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

/** A cluster of one worker, which has fewer descriptors left than its parent has connections to hand over. */
const program = `
const cluster = require('node:cluster')
const { openSync } = require('node:fs')
if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' })
  cluster.fork().on('message', (message) => console.log(message))
} else {
  const { answerForLostConnections } = require(process.argv[1])
  answerForLostConnections(() => process.send('lost'))
  for (let i = 0; i < 25; i++) openSync('/dev/null')
  const server = require('node:net').createServer((socket) => socket.on('error', () => {}).end('served'))
  server.listen(0, '127.0.0.1', () => process.send('port ' + server.address().port))
  // Descriptors come back when those who connected have gone.
  server.on('connection', (socket) => socket.pause())
}`

test('a worker that has no descriptor for a connection loses this one, and serves those that come when it has', async (t) => {
  const module = new URL('../../sipd/worker/lost-connections.js', import.meta.url).pathname
  const script = `ulimit -n 64; exec "$0" "$@"`
  const child = spawn('sh', ['-c', script, process.execPath, '-e', program, module], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  const said = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((line) => pattern.test(line))
      if (found !== undefined) return found
      await once(said, 'line')
    }
  }
  const port = Number((await until(/^port /)).slice('port '.length))
  const sockets: Socket[] = Array.from({ length: 40 }, () =>
    connect({ port, allowHalfOpen: true }).on('error', () => {}),
  )
  await until(/^lost$/)
  for (const socket of sockets) socket.destroy()
  for (const _ of [1, 2, 3]) {
    const [answer] = await once(connect(port).setEncoding('utf8'), 'data')
    assert.equal(answer, 'served')
  }
})

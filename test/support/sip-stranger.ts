/**
 * A program that a test runs on another machine: it sends datagrams to sipd and prints what comes back, in its order, until the
 * last answer that is waited for. The argument is JSON: see Task.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface Task {
  readonly from: string
  readonly to: string
  /** Messages, and the ports of `to` that they go to; `PORT` in them is the port that they are sent from, `THIRD` another one here. */
  readonly messages: readonly { readonly port: number; readonly text: string }[]
  /** It ends when each of these was in something that came, and fails without. */
  readonly until: readonly string[]
  readonly withinMs: number
}

export interface Arrived {
  /** `answer` to the port that asked, `third` at the other one. */
  readonly at: 'answer' | 'third'
  readonly text: string
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task
const arrived: Arrived[] = []
const [asking, third] = [createSocket('udp4'), createSocket('udp4')]
for (const socket of [asking, third]) {
  socket.bind(0, task.from)
  await once(socket, 'listening')
}
const ports: Readonly<Record<string, number>> = { PORT: asking.address().port, THIRD: third.address().port }
const ending = new Promise<void>((resolve, reject) => {
  const listen = (at: Arrived['at']) => (octets: Buffer) => {
    const text = octets.toString('latin1')
    arrived.push({ at, text })
    if (task.until.every((part) => arrived.some((one) => one.text.includes(part)))) resolve()
  }
  asking.on('message', listen('answer'))
  third.on('message', listen('third'))
  setTimeout(() => reject(new Error(`no ${task.until}, but ${JSON.stringify(arrived)}`)), task.withinMs).unref()
})
for (const { port, text } of task.messages)
  asking.send(
    Buffer.from(
      text.replace(/PORT|THIRD/g, (name) => String(ports[name])),
      'latin1',
    ),
    port,
    task.to,
  )
await ending
process.stdout.write(JSON.stringify(arrived))
process.exit(0)

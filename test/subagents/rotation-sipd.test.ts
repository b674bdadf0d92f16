import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { isSoak } from '../../bench/smoke.ts'
import { control } from '../../lib/process/control.ts'
import { parseReport } from '../../subagents/log/rotation/command.ts'
import { Appliance, makeHome, until } from '../support/appliance.ts'

const requestsPerSecond = 400
const rotations = 20
const betweenRotationsMs = 150
/** A message of SIP may be this late. A round that another program disturbed is repeated; rotation would disturb each. */
const longestMs = 50
const rounds = isSoak ? 3 : 1

let appliance: Appliance
let load: Load

before(async () => {
  const at = await makeHome()
  appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain example.com\n')
  appliance = new Appliance(at)
  await appliance.start()
  await until(() => appliance.sipdPid() !== undefined, 15_000, 'sipd')
  load = await Load.open(at.sipPort)
})
after(async () => {
  load?.close()
  await appliance?.stop()
})

describe('rotation under a running sipd', () => {
  test('20 rotations under load lose no line of the access log, and in a soak delay no message by more than 50 ms', async (context) => {
    const logs = join(appliance.at.home.logs, 'sipd')
    const worst: number[] = []
    for (let round = 0; round < rounds && !(worst.at(-1)! <= longestMs); round++) {
      load.begin()
      for (let i = 0; i < rotations; i++) {
        await new Promise((resolve) => setTimeout(resolve, betweenRotationsMs))
        const line = await control(
          join(appliance.at.home.run, 'subagents', 'subagents.ctl'),
          'rotate access_log',
          20_000,
        )
        const { isGood, sentences } = parseReport(line)
        assert.ok(isGood, sentences.join())
        assert.match(
          sentences[0]!,
          /^access_log: renamed to access_log\.\d+(\.\d+)? \(\d+ octets\); sipd has reopened its log$/,
        )
      }
      await load.end()
      worst.push(load.longestMs)
      context.diagnostic(`${load.answered.size} answered, the slowest after ${load.longestMs.toFixed(1)} ms`)

      const files = (): string[] => readdirSync(logs).filter((name) => name.startsWith('access_log'))
      await until(() => files().every((name) => /^access_log$|\.gz$/.test(name)), 30_000, 'the last compression')
      await until(() => loggedIn(logs, files()).length >= load.answered.size, 20_000, 'the last line').catch(() => {})
      const logged = loggedIn(logs, files())
      assert.deepEqual(
        [...load.answered].filter((number) => !new Set(logged).has(number)),
        [],
        'lines that are lost',
      )
      assert.equal(logged.length, load.answered.size, 'lines that are there twice')
      assert.equal(load.answered.size, load.sent, 'requests without an answer')
      // The next round is not to count these again, nor to meet what the policy keeps.
      for (const name of files()) truncateOrRemove(join(logs, name))
    }
    if (isSoak) assert.ok(worst.at(-1)! <= longestMs, `the slowest answers of the rounds took ${worst.join(', ')} ms`)
  })
})

function truncateOrRemove(path: string): void {
  if (path.endsWith('.gz')) rmSync(path)
  else truncateSync(path)
}

/** The numbers of the requests that have a line, in all files. */
function loggedIn(folder: string, names: readonly string[]): number[] {
  return names.flatMap((name) => {
    const octets = readFileSync(join(folder, name))
    const text = (name.endsWith('.gz') ? gunzipSync(octets) : octets).toString('latin1')
    return [...text.matchAll(/"OPTIONS sip:example\.com;n=(\d+) SIP\/2\.0" 200/g)].map(([, number]) => Number(number))
  })
}

interface Sent {
  readonly text: string
  readonly atMs: number
}

const retransmitMs = 500

/** OPTIONS at an even rate; each is numbered, and the time to its answer is taken. */
class Load {
  readonly answered = new Set<number>()
  sent = 0
  longestMs = 0
  readonly #socket: Socket
  readonly #sent = new Map<number, Sent>()
  #timer: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  readonly #port: number
  /** Numbers begin again in each round, transactions must not. */
  #run = 0

  private constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
    socket.on('message', (message) => {
      const number = Number(/^Call-ID: (\d+)/m.exec(message.toString('latin1'))?.[1])
      assert.match(message.toString('latin1'), /^SIP\/2\.0 200 /)
      this.answered.add(number)
      const sent = this.#sent.get(number)
      if (!sent) return // answered twice, for it was sent twice
      this.longestMs = Math.max(this.longestMs, performance.now() - sent.atMs)
      this.#sent.delete(number)
    })
  }

  static async open(port: number): Promise<Load> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Load(socket, port)
  }

  begin(): void {
    this.#run++
    this.longestMs = 0
    this.sent = 0
    this.answered.clear()
    const periodMs = 10
    this.#timer = setInterval(() => {
      for (let i = 0; i < (requestsPerSecond * periodMs) / 1000; i++) this.#send()
    }, periodMs)
    this.#again = setInterval(() => this.#sendAgain(), retransmitMs)
  }

  /** Resolves when all that was asked is answered, or nothing more will be. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    await until(() => this.#sent.size === 0, 15_000, 'the last answer').catch(() => {})
    clearInterval(this.#again)
  }

  close(): void {
    clearInterval(this.#timer)
    clearInterval(this.#again)
    this.#socket.close()
  }

  #send(): void {
    const number = ++this.sent
    const text = [
      `OPTIONS sip:example.com;n=${number} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK${this.#run}.${number}`,
      'From: <sip:a@example.com>;tag=1',
      'To: <sip:example.com>',
      `Call-ID: ${number}@${this.#run}`,
      'CSeq: 1 OPTIONS',
      'Max-Forwards: 70',
      '',
      '',
    ].join('\r\n')
    this.#sent.set(number, { text, atMs: performance.now() })
    this.#socket.send(text, this.#port, '127.0.0.1')
  }

  /** As timer E of RFC 3261 has it: while a machine is busy, a socket that is not read in time loses datagrams. */
  #sendAgain(): void {
    const now = performance.now()
    for (const { text, atMs } of this.#sent.values())
      if (now - atMs >= retransmitMs) this.#socket.send(text, this.#port, '127.0.0.1')
  }
}

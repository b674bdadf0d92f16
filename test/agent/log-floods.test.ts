import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { afterEach, test } from 'node:test'
import { createLog } from '../../lib/log/log.ts'
import { oid } from '../../lib/smi/oid.ts'
import { nullValue, type Varbind } from '../../lib/smi/value.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { type AgentxEngine, agentxEngine, ScriptedSubagent } from '../support/agentx.ts'
import { until } from '../support/appliance.ts'
import { testEngine } from '../support/engine.ts'

const root = '1.3.6.1.4.1.8072.9999.9999'
const floods = 200
const linesAtMost = 15

const getRequest = (name: string): Uint8Array =>
  encodeRequest('v2c', 'public', {
    type: 'getRequest',
    requestId: 1,
    varbinds: [{ name: oid(name), value: nullValue }],
  })

let lines: string[] = []
let engine: AgentxEngine | undefined
const log = createLog({ component: 'test', write: (line) => lines.push(line) })
afterEach(async () => {
  await engine?.stop()
  engine = undefined
  lines = []
})

/** Lines of the log by their sentence, without numbers and fields. */
function sentences(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const line of lines) {
    const sentence = /^\S+ +\S+ +\S+ ([^=]*)(?: \w+=|\n)/.exec(line)?.[1] ?? line
    counts[sentence] = (counts[sentence] ?? 0) + 1
  }
  return counts
}

function assertFewLines(...expected: readonly string[]): void {
  const counts = sentences()
  for (const sentence of expected) assert.ok(counts[sentence], `${sentence}: ${JSON.stringify(counts)}`)
  for (const [sentence, count] of Object.entries(counts)) assert.ok(count <= linesAtMost, `${count} times: ${sentence}`)
}

test('a datagram that finds a bug is logged a few times, however often it is sent', async () => {
  const plain = testEngine([], { included: [oid('1.3')] }, undefined, { log, clock: new ManualClock() })
  const failing = {
    send(): never {
      throw new RangeError('a bug')
    },
  }
  const bytes = getRequest('1.3.6.1.2.1.1.1.0')
  for (let i = 0; i < floods; i++) plain.engine.receive(bytes, { address: '127.0.0.1', port: 9 }, failing)
  assertFewLines('bug while receiving')
})

test('so is one that waits for a subagent and cannot be answered then', async () => {
  engine = await agentxEngine([], undefined, undefined, {}, undefined, { log, clock: new ManualClock() })
  const subagent = await ScriptedSubagent.open(engine.path)
  subagent.respond = (pdu) =>
    pdu.type === 'get'
      ? {
          type: 'response',
          upTimeTicks: 0,
          error: 0,
          index: 0,
          varbinds: pdu.ranges.map(({ start }) => ({ name: start, value: { type: 'Integer32', value: 1 } })),
        }
      : undefined
  await subagent.register(root)
  let failed = 0
  const failing = {
    send(): never {
      failed++
      throw new RangeError('a bug')
    },
  }
  const bytes = getRequest(`${root}.0`)
  for (let i = 0; i < floods; i++) engine.engine.receive(bytes, { address: '127.0.0.1', port: 9 }, failing)
  await until(() => failed >= floods, 5000, 'the answers')
  await new Promise(setImmediate)
  assertFewLines('bug while answering')
})

test('a subagent that comes and goes, that sends what cannot be read, and that notifies, is logged a few times each', async () => {
  const clock = new ManualClock()
  engine = await agentxEngine([], undefined, undefined, { log, clock })
  for (let i = 0; i < floods; i++) {
    const subagent = await ScriptedSubagent.open(engine.path)
    if (i % 2 === 0) {
      subagent.end()
      continue
    }
    subagent.socket.write(Buffer.alloc(20, 0xff))
    await once(subagent.socket, 'close')
  }
  for (let i = 0; i < floods; i++) {
    const socket = createConnection({ path: engine.path })
    socket.on('error', () => {})
    socket.resume()
    const isClosed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(Buffer.alloc(20, 0xee))
    await isClosed
  }
  const subagent = await ScriptedSubagent.open(engine.path)
  const trap: Varbind = {
    name: oid('1.3.6.1.6.3.1.1.4.1.0'),
    value: { type: 'ObjectIdentifier', value: oid('0.0') },
  }
  for (let i = 0; i < floods; i++) {
    await subagent.register(root, { priority: 0 })
    assert.equal((await subagent.ask({ type: 'notify', varbinds: [trap] })).error, 268, 'no notification is named 0.0')
  }
  subagent.end()
  await until(() => engine!.master.sessions.length === 0, 3000)
  assertFewLines(
    'a subagent opened a session',
    'a session of a subagent ended',
    'cannot read a PDU of a subagent',
    'refused what a subagent asked for',
  )
})

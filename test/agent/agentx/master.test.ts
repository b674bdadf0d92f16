import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { afterEach, test } from 'node:test'
import { AgentxMaster } from '../../../agent/agentx/master.ts'
import { AgentxWriter } from '../../../agentx/encode.ts'
import { type AgentxPdu, agentxError, agentxFlag, type SearchRange } from '../../../agentx/pdu.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { column, defineScalars } from '../../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../../lib/mib/module.ts'
import { Registry } from '../../../lib/mib/registry.ts'
import { displayString } from '../../../lib/mib/syntax.ts'
import { errorStatusName } from '../../../lib/smi/error-status.ts'
import { formatOid, type Oid, oid } from '../../../lib/smi/oid.ts'
import { nullValue, type SnmpValue, type Varbind } from '../../../lib/smi/value.ts'
import { ManualClock, systemClock } from '../../../lib/time/clock.ts'
import { type AgentxEngine, agentxEngine, answer, anyone, ScriptedSubagent } from '../../support/agentx.ts'
import { until } from '../../support/appliance.ts'
import { mutate, randomFrom } from '../../support/mutate.ts'

const root = '1.3.6.1.4.1.32473.99'
let engine: AgentxEngine
const subagents: ScriptedSubagent[] = []

async function open(timeoutSeconds = 1): Promise<ScriptedSubagent> {
  const subagent = await ScriptedSubagent.open(engine.path, timeoutSeconds)
  subagents.push(subagent)
  return subagent
}

afterEach(async () => {
  for (const subagent of subagents.splice(0)) subagent.end()
  await engine.stop()
})

const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
const at = (suffix: string): Varbind => ({ name: oid(`${root}.${suffix}`), value: nullValue })
const shown = (varbinds: readonly Varbind[] = []): string[] =>
  varbinds.map(({ name, value }) => {
    const said = value.type === 'OctetString' ? Buffer.from(value.value).toString() : value.type
    return `${formatOid(name).slice(root.length + 1)} ${said}`
  })
const get = async (...suffixes: string[]) => engine.ask({ type: 'getRequest', varbinds: suffixes.map(at) })
const status = (message: { errorStatus: number; errorIndex: number } | undefined): string =>
  message ? `${errorStatusName(message.errorStatus)} ${message.errorIndex}` : 'nothing'

/** Answers like a subtree with these instances. */
function instances(values: Readonly<Record<string, string>>) {
  const known = Object.entries(values).map(([suffix, value]) => ({
    name: oid(`${root}.${suffix}`),
    value: text(value),
  }))
  const after = (start: Oid, include: boolean): Varbind =>
    known.find(({ name }) => {
      const order = compare(name, start)
      return order > 0 || (include && order === 0)
    }) ?? { name: start, value: { type: 'endOfMibView' } }
  const within = ({ start, include, end }: SearchRange): Varbind => {
    const next = after(start, include)
    return end.length > 0 && compare(next.name, end) >= 0 ? { name: start, value: { type: 'endOfMibView' } } : next
  }
  return (pdu: AgentxPdu) => {
    if (pdu.type === 'get')
      return answer(
        pdu.ranges.map(
          ({ start }) =>
            known.find(({ name }) => compare(name, start) === 0) ?? { name: start, value: { type: 'noSuchInstance' } },
        ),
      )
    if (pdu.type === 'getNext') return answer(pdu.ranges.map(within))
    if (pdu.type === 'getBulk') {
      const varbinds = pdu.ranges.slice(0, pdu.nonRepeaters).map(within)
      let ranges = pdu.ranges.slice(pdu.nonRepeaters)
      for (let round = 0; round < pdu.maxRepetitions; round++) {
        const found = ranges.map(within)
        varbinds.push(...found)
        ranges = ranges.map(({ end }, i) => ({ start: found[i]!.name, include: false, end }))
      }
      return answer(varbinds)
    }
    return undefined
  }
}
const compare = (a: Oid, b: Oid): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

test('the socket is for its owner alone', async () => {
  engine = await agentxEngine()
  assert.equal(statSync(engine.path).mode & 0o777, 0o600)
})

test('of overlapping regions the more specific one answers, of equal ones the lower priority, and the next when it goes', async () => {
  engine = await agentxEngine()
  const [wide, deep, urgent] = [await open(), await open(), await open()]
  wide.respond = instances({ '1.1.0': 'wide', '1.2.0': 'wide', '1.3.0': 'wide' })
  deep.respond = instances({ '1.2.0': 'deep' })
  urgent.respond = instances({ '1.1.0': 'urgent', '1.3.0': 'urgent' })
  assert.equal(await wide.register(`${root}.1`), 0)
  assert.equal(await deep.register(`${root}.1.2`), 0)
  assert.equal(await urgent.register(`${root}.1`), agentxError.duplicateRegistration, 'the same at the same priority')
  assert.equal(await urgent.register(`${root}.1`, { priority: 5 }), 0)
  assert.deepEqual(shown((await get('1.1.0', '1.2.0', '1.3.0'))?.varbinds), [
    '1.1.0 urgent',
    '1.2.0 deep',
    '1.3.0 urgent',
  ])
  urgent.end()
  await until(async () => shown((await get('1.1.0'))?.varbinds)[0] === '1.1.0 wide', 1000)
  deep.end()
  await until(async () => shown((await get('1.2.0'))?.varbinds)[0] === '1.2.0 wide', 1000)
  wide.end()
  await until(async () => shown((await get('1.2.0'))?.varbinds)[0] === '1.2.0 noSuchObject', 1000)
})

test('a range is every subtree in it; one too wide is refused and costs nothing', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  subagent.respond = instances({ '2.1.5.0': 'a', '2.2.5.0': 'b', '2.3.5.0': 'c' })
  const under = root.split('.').length
  assert.equal(await subagent.register(`${root}.2.1.5`, { rangeSubid: under + 2, upperBound: 2 }), 0)
  assert.deepEqual(shown((await get('2.1.5.0', '2.2.5.0', '2.3.5.0'))?.varbinds), [
    '2.1.5.0 a',
    '2.2.5.0 b',
    '2.3.5.0 noSuchObject',
  ])
  assert.equal(
    await subagent.register(`${root}.3.1.5`, { rangeSubid: under + 2, upperBound: 0xffff_ffff }),
    agentxError.requestDenied,
  )
  assert.equal(
    await subagent.register(`${root}.4.1`, { rangeSubid: under + 2, upperBound: 0xffff_ffff }),
    0,
    'contiguous',
  )
})

test('what is served here is nobody else’s, whatever they register', async () => {
  const home = defineScalars({ name: 'home', oid: `${root}.5`, objects: { homeName: column(1, displayString()) } })
  const served = serve(home)
  served.table.put({ homeName: 'here' })
  const local: MibModule = { name: 'home', description: '', oid: [1, 3], tables: [anyServing(served)] }
  engine = await agentxEngine([local])
  const subagent = await open()
  subagent.respond = instances({ '5.1.0': 'there', '5.2.0': 'beside' })
  await subagent.register(`${root}.5.1.0`, { priority: 1 })
  await subagent.register(`${root}.5`, { priority: 1 })
  assert.deepEqual(shown((await get('5.1.0', '5.2.0'))?.varbinds), ['5.1.0 here', '5.2.0 beside'])
})

test('a subagent that hangs costs its own requests a genErr in time, others nothing; the third time it is closed', async () => {
  engine = await agentxEngine()
  const [hung, well] = [await open(), await open()]
  well.respond = instances({ '7.1.0': 'well' })
  await hung.register(`${root}.6`)
  await well.register(`${root}.7`)
  let isOver = false
  const waits = get('7.1.0', '6.1.0').finally(() => {
    isOver = true
  })
  assert.deepEqual(shown((await get('7.1.0'))?.varbinds), ['7.1.0 well'])
  assert.equal(isOver, false, 'the other request still waits')
  assert.equal(status(await waits), 'genErr 2')
  await Promise.all([get('6.1.0'), get('6.1.0')])
  assert.deepEqual(shown((await get('6.1.0'))?.varbinds), ['6.1.0 noSuchObject'])
  await until(() => hung.isClosed, 1000)
})

for (const [what, timeouts] of [
  ['the session', { session: 255, registration: 0 }],
  ['the registration', { session: 1, registration: 255 }],
] as const) {
  test(`${what} asks for 255 s: a request waits for our own limit and no longer, a GET, a walk and a SET alike`, async () => {
    const clock = new ManualClock()
    engine = await agentxEngine([], undefined, undefined, { clock, timeoutLimitMs: () => 3000 })
    const pdus = [
      { type: 'getRequest', varbinds: [at('6.1.0')] },
      { type: 'getNextRequest', varbinds: [at('6')] },
      { type: 'setRequest', varbinds: [{ ...at('6.1.0'), value: text('x') }] },
    ] as const
    for (const pdu of pdus) {
      const hung = await open(timeouts.session)
      await hung.register(`${root}.6`, { timeoutSeconds: timeouts.registration })
      let answered: string | undefined
      const asked = engine.ask(pdu).then((message) => {
        answered = status(message)
      })
      await until(() => hung.requests.length === 1, 1000, 'the question')
      clock.advance(2999)
      await new Promise(setImmediate)
      assert.equal(answered, undefined, pdu.type)
      clock.advance(1)
      await asked
      assert.equal(answered, 'genErr 1', pdu.type)
      hung.end()
      await until(() => engine.master.sessions.length === 0, 1000)
    }
  })
}

test('AGENTX-MIB shows the time-outs that are in force, not those that were asked for', async () => {
  engine = await agentxEngine([], undefined, undefined, { timeoutLimitMs: () => 3000 })
  const subagent = await open(255)
  await subagent.register(`${root}.6`, { timeoutSeconds: 255 })
  await subagent.register(`${root}.7`, { timeoutSeconds: 2 })
  await subagent.register(`${root}.8`, { timeoutSeconds: 0 })
  const { connections, registrations } = engine.master.state
  assert.equal(connections[0]?.sessions[0]?.timeoutMs, 3000)
  assert.deepEqual(
    registrations.map(({ timeoutSeconds }) => timeoutSeconds),
    [3, 2, 0],
  )
})

const reads = [
  ['GET', { type: 'getRequest', varbinds: [at('6.1.0'), at('7.1.0')] }, ['6.1.0', '7.1.0']],
  ['GETNEXT', { type: 'getNextRequest', varbinds: [at('6'), at('7')] }, ['6.1.0', '7.1.0']],
  [
    'GETBULK',
    { type: 'getBulkRequest', nonRepeaters: 0, maxRepetitions: 2, varbinds: [at('6'), at('7')] },
    ['6.1.0', '7.1.0', '6.2.0', '7.2.0'],
  ],
] as const

for (const [what, pdu, names] of reads) {
  test(`a ${what} whose session ends is asked again of the session that has the region then`, async () => {
    engine = await agentxEngine()
    const [other, next, first] = [await open(), await open(), await open(60)]
    other.respond = instances({ '7.1.0': 'other', '7.2.0': 'other' })
    next.respond = instances({ '6.1.0': 'next', '6.2.0': 'next' })
    first.respond = () => {
      first.end()
      return undefined
    }
    await other.register(`${root}.7`)
    await next.register(`${root}.6`)
    await first.register(`${root}.6`, { priority: 1 })
    const answered = await engine.ask(pdu)
    assert.equal(status(answered), 'noError 0')
    assert.deepEqual(
      shown(answered?.varbinds),
      names.map((name) => `${name} ${name.startsWith('6') ? 'next' : 'other'}`),
    )
    assert.equal(first.requests.length, 1)
  })

  test(`a ${what} whose session ends and leaves no other is answered as if it had never been there`, async () => {
    engine = await agentxEngine()
    const [first, other] = [await open(60), await open()]
    other.respond = instances({ '7.1.0': 'other', '7.2.0': 'other' })
    first.respond = () => {
      first.end()
      return undefined
    }
    await first.register(`${root}.6`)
    await other.register(`${root}.7`)
    const answered = await engine.ask(pdu)
    assert.equal(status(answered), 'noError 0')
    const expected = {
      GET: ['6.1.0 noSuchObject', '7.1.0 other'],
      GETNEXT: ['7.1.0 other', '7.1.0 other'],
      GETBULK: ['7.1.0 other', '7.1.0 other', '7.2.0 other', '7.2.0 other'],
    }
    assert.deepEqual(shown(answered?.varbinds), expected[what])
  })
}

test('a GETBULK keeps what a session gave before it ended, and goes on where that stopped', async () => {
  engine = await agentxEngine()
  const [first, next] = [await open(60), await open()]
  // The range of its first answer is not over, so it is asked twice.
  first.respond = (pdu) => {
    if (first.requests.length === 1 && pdu.type === 'getBulk')
      return answer([{ name: oid(`${root}.6.1.0`), value: text('first') }])
    first.end()
    return undefined
  }
  next.respond = instances({ '6.1.0': 'next', '6.2.0': 'next', '6.3.0': 'next' })
  await next.register(`${root}.6`)
  await first.register(`${root}.6`, { priority: 1 })
  const answered = await engine.ask({ type: 'getBulkRequest', nonRepeaters: 0, maxRepetitions: 3, varbinds: [at('6')] })
  assert.deepEqual(shown(answered?.varbinds), ['6.1.0 first', '6.2.0 next', '6.3.0 next'])
})

test('an SNMPv1 GET whose session ends and leaves no other is noSuchName', async () => {
  engine = await agentxEngine()
  const subagent = await open(60)
  subagent.respond = () => {
    subagent.end()
    return undefined
  }
  await subagent.register(`${root}.6`)
  const answered = await engine.ask({ type: 'getRequest', varbinds: [at('6.1.0')] }, { version: 'v1' })
  assert.equal(status(answered), 'noSuchName 1')
})

test('sessions that each end when they are asked cost a read one question each, and a SET is an error at the first', async () => {
  engine = await agentxEngine()
  const all = [await open(60), await open(60), await open(60)]
  for (const [i, subagent] of all.entries()) {
    subagent.respond = () => {
      subagent.end()
      return undefined
    }
    await subagent.register(`${root}.6`, { priority: i + 1 })
  }
  assert.equal(status(await setAll('6.1.0')), 'genErr 1')
  assert.deepEqual(shown((await get('6.1.0'))?.varbinds), ['6.1.0 noSuchObject'])
  assert.deepEqual(
    all.map(({ requests }) => requests.map(({ type }) => type)),
    [['testSet'], ['get'], ['get']],
  )
})

for (const [what, varbinds] of [
  ['another name', [{ name: oid(`${root}.6.2.0`), value: text('x') }]],
  ['no varbind', []],
  ['two varbinds', [at('6.1.0'), at('6.1.0')]],
  ['a NULL', [at('6.1.0')]],
  ['endOfMibView', [{ name: oid(`${root}.6.1.0`), value: { type: 'endOfMibView' } as const }]],
] as const) {
  test(`a GET that is answered with ${what} is a genErr`, async () => {
    engine = await agentxEngine()
    const subagent = await open()
    await subagent.register(`${root}.6`)
    subagent.respond = () => answer(varbinds)
    assert.equal(status(await get('6.1.0')), 'genErr 1')
  })
}

test('a GETNEXT that goes back, stays, or leaves its region does not lead a walk astray', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  await subagent.register(`${root}.6`)
  const next = async () => engine.ask({ type: 'getNextRequest', varbinds: [at('6.5.0')] })
  const says = (suffix: string) => {
    subagent.respond = () => answer([{ name: oid(`${root}.${suffix}`), value: text('x') }])
  }
  says('6.4.0')
  assert.equal(status(await next()), 'genErr 1')
  says('6.5.0')
  assert.equal(status(await next()), 'genErr 1')
  says('9.1.0')
  assert.deepEqual(shown((await next())?.varbinds), ['6.5.0 endOfMibView'], 'as if the region were at its end')
  subagent.respond = () => answer([], 5)
  assert.equal(status(await next()), 'genErr 1')
})

test('notifications wait for a master that is gone, and reach the next one once, in order', async () => {
  engine = await agentxEngine()
  const session = await engine.serve([])
  const path = engine.path
  await engine.master.stop()
  await until(() => !session.isOpen, 2000)
  for (const n of [1, 2, 3]) session.notify(oid(`${root}.0.${n}`), [])
  const told: string[] = []
  const next = new AgentxMaster({
    registry: new Registry(),
    clock: systemClock,
    log: silentLog,
    upTimeTicks: () => 1,
    onNotify: ({ trapOid }) => told.push(formatOid(trapOid)),
  })
  await next.listen({ path }, anyone)
  await until(() => told.length === 3, 5000, 'the notifications')
  assert.deepEqual(
    told,
    [1, 2, 3].map((n) => `${root}.0.${n}`),
  )
  session.stop()
  await next.stop()
})

test('varbinds for one session travel in one PDU', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  subagent.respond = instances({ '6.1.0': 'a', '6.2.0': 'b', '6.3.0': 'c' })
  await subagent.register(`${root}.6`)
  await get('6.1.0', '6.2.0', '6.3.0', '6.4.0')
  assert.deepEqual(
    subagent.requests.map((pdu) => (pdu.type === 'get' ? pdu.ranges.length : 0)),
    [4],
  )
})

test('PDUs that come octet by octet, and many in one piece, are put together', async () => {
  engine = await agentxEngine()
  const socket = createConnection({ path: engine.path })
  await once(socket, 'connect')
  const writer = new AgentxWriter()
  const head = { flags: 0, sessionId: 0, transactionId: 1, packetId: 1 }
  writer.pdu(head, { type: 'open', timeoutSeconds: 1, id: [1, 3], description: 'in pieces' })
  for (const octet of writer.take()) {
    socket.write(Uint8Array.of(octet))
    await new Promise(setImmediate)
  }
  const [first] = (await once(socket, 'data')) as [Buffer]
  const sessionId = first.readUInt32BE(4)
  for (let i = 0; i < 50; i++) writer.pdu({ ...head, sessionId, packetId: i }, { type: 'ping' })
  socket.write(writer.take())
  let received = 0
  while (received < 50 * 28) received += ((await once(socket, 'data')) as [Buffer])[0].length
  assert.equal(received, 50 * 28)
  socket.destroy()
})

for (const [how, leave, isLoss] of [
  ['closes itself for its shutdown', (subagent) => subagent.ask({ type: 'close', reason: 5 }), false],
  ['closes itself for a protocol error', (subagent) => subagent.ask({ type: 'close', reason: 3 }), true],
  ['loses its connection', async (subagent) => subagent.end(), true],
  ['is closed by a manager', async (subagent) => engine.open.get(subagent.sessionId)?.close(6, 'set down'), true],
] as const satisfies readonly [string, (subagent: ScriptedSubagent) => Promise<unknown>, boolean][]) {
  test(`a session that ${how} is ${isLoss ? 'lost' : 'no loss'} when it served something, and none when it did not`, async () => {
    const events: string[] = []
    engine = await agentxEngine([], undefined, undefined, {
      onSession: (event, { name }) => events.push(`${event} ${name}`),
    })
    const silent = await ScriptedSubagent.open(engine.path, 1, 'silent')
    const serving = await ScriptedSubagent.open(engine.path, 1, 'serving')
    subagents.push(silent, serving)
    await serving.register(`${root}.6`)
    await serving.register(`${root}.7`)
    await leave(silent)
    await leave(serving)
    await until(() => engine.master.sessions.length === 0, 1000)
    assert.deepEqual(events, ['serving serving', ...(isLoss ? ['lost serving'] : [])])
  })
}

test('index values are given once, again when their session is gone, and never again as new ones (RFC 2741 §7.1.2)', async () => {
  engine = await agentxEngine()
  const [one, two] = [await open(), await open()]
  const index = (value: number): Varbind => ({ name: oid(`${root}.8`), value: { type: 'Integer32', value } })
  const allocate = async (subagent: ScriptedSubagent, value: number, flags = 0) => {
    const { error, varbinds } = await subagent.ask({ type: 'indexAllocate', varbinds: [index(value)] }, flags)
    return error === 0 ? (varbinds[0]!.value as { value: number }).value : error
  }
  assert.equal(await allocate(one, 5), 5)
  assert.equal(await allocate(two, 5), agentxError.indexAlreadyAllocated)
  assert.equal(await allocate(two, 0, agentxFlag.newIndex), 6)
  const back = await one.ask({ type: 'indexDeallocate', varbinds: [index(6)] })
  assert.equal(back.error, agentxError.indexNotAllocated, 'it is of another session')
  one.end()
  await until(() => engine.master.sessions.length === 1, 1000)
  assert.equal(await allocate(two, 0, agentxFlag.anyIndex), 5)
  assert.equal(await allocate(two, 0, agentxFlag.newIndex), 7)
})

test('notifications are handed on, with and without sysUpTime; what is none is refused', async () => {
  engine = await agentxEngine()
  const subagent = await open()
  const trapOid: Varbind = {
    name: oid('1.3.6.1.6.3.1.1.4.1.0'),
    value: { type: 'ObjectIdentifier', value: oid(`${root}.0.1`) },
  }
  const upTime: Varbind = { name: oid('1.3.6.1.2.1.1.3.0'), value: { type: 'TimeTicks', value: 5 } }
  const more: Varbind = { name: oid(`${root}.1.0`), value: text('more') }
  const notify = async (...varbinds: Varbind[]) => (await subagent.ask({ type: 'notify', varbinds })).error
  assert.deepEqual([await notify(trapOid, more), await notify(upTime, trapOid)], [0, 0])
  assert.deepEqual(
    engine.notifications.map(({ trapOid, varbinds }) => [formatOid(trapOid), varbinds.length]),
    [
      [`${root}.0.1`, 1],
      [`${root}.0.1`, 0],
    ],
  )
  assert.equal(await notify(more), agentxError.processingError)
  assert.equal(await notify(), agentxError.processingError)
})

/** A subagent that takes part in SETs, and fails at one step when it is told to. */
async function setting(suffix: string, failsAt?: 'testSet' | 'commitSet' | 'undoSet'): Promise<ScriptedSubagent> {
  const subagent = await open()
  const errors = { testSet: 10, commitSet: 14, undoSet: 15 }
  subagent.respond = (pdu) => {
    if (pdu.type !== 'testSet' && pdu.type !== 'commitSet' && pdu.type !== 'undoSet') return undefined
    return pdu.type === failsAt ? answer([], errors[pdu.type], 1) : answer([])
  }
  await subagent.register(`${root}.${suffix}`)
  return subagent
}
const steps = (subagent: ScriptedSubagent): string[] => subagent.requests.map(({ type }) => type)
const setAll = (...suffixes: string[]) =>
  engine.ask({
    type: 'setRequest',
    varbinds: suffixes.map((suffix) => ({ name: oid(`${root}.${suffix}`), value: text('x') })),
  })

test('a SET over three sessions is tested, committed and cleaned up in each', async () => {
  engine = await agentxEngine()
  const all = [await setting('1'), await setting('2'), await setting('3')]
  assert.equal(status(await setAll('1.1.0', '2.1.0', '3.1.0')), 'noError 0')
  for (const subagent of all) {
    await until(() => subagent.requests.length === 3, 1000)
    assert.deepEqual(steps(subagent), ['testSet', 'commitSet', 'cleanupSet'])
    assert.equal(new Set(subagent.requests.map(({ transactionId }) => transactionId)).size, 1)
  }
})

test('a SET whose third session fails its test commits nothing, and each is told that it is over', async () => {
  engine = await agentxEngine()
  const all = [await setting('1'), await setting('2'), await setting('3', 'testSet')]
  assert.equal(status(await setAll('1.1.0', '2.1.0', '3.1.0')), 'wrongValue 3')
  for (const subagent of all) {
    await until(() => subagent.requests.length === 2, 1000)
    assert.deepEqual(steps(subagent), ['testSet', 'cleanupSet'])
  }
})

test('a SET whose third session fails at commit is undone in all three', async () => {
  engine = await agentxEngine()
  const all = [await setting('1'), await setting('2'), await setting('3', 'commitSet')]
  assert.equal(status(await setAll('1.1.0', '2.1.0', '3.1.0')), 'commitFailed 3')
  for (const subagent of all) assert.deepEqual(steps(subagent), ['testSet', 'commitSet', 'undoSet'])
})

test('when a session cannot undo, undoFailed is said', async () => {
  engine = await agentxEngine()
  const [first] = [await setting('1', 'undoSet'), await setting('2'), await setting('3', 'commitSet')]
  assert.equal(status(await setAll('1.1.0', '2.1.0', '3.1.0')), 'undoFailed 0')
  assert.deepEqual(steps(first), ['testSet', 'commitSet', 'undoSet'])
})

test('a session that dies between test and commit leaves a SET undone', async () => {
  engine = await agentxEngine()
  const [first, second] = [await setting('1'), await setting('2')]
  second.respond = (pdu) => {
    if (pdu.type === 'commitSet') second.end()
    return pdu.type === 'testSet' ? answer([]) : undefined
  }
  assert.match(status(await setAll('1.1.0', '2.1.0')), /undoFailed 0|commitFailed 2/)
  assert.deepEqual(steps(first), ['testSet', 'commitSet', 'undoSet'])
})

test('50,000 mutated PDUs close the sessions that sent them, and no other', { timeout: 120_000 }, async () => {
  engine = await agentxEngine()
  const well = await open()
  well.respond = instances({ '7.1.0': 'well' })
  await well.register(`${root}.7`)
  const random = randomFrom(20_260_101)
  const samples = sampleBodies().map((body) => {
    const writer = new AgentxWriter()
    writer.pdu({ flags: 0, sessionId: 2, transactionId: 1, packetId: 1 }, body)
    return writer.take()
  })
  let sent = 0
  while (sent < 50_000) {
    const socket = createConnection({ path: engine.path })
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'connect')
    const writer = new AgentxWriter()
    writer.pdu(
      { flags: 0, sessionId: 0, transactionId: 1, packetId: 1 },
      { type: 'open', timeoutSeconds: 1, id: [1, 3], description: 'hostile' },
    )
    socket.write(writer.take())
    for (let i = 0; i < 250 && !socket.destroyed; i++, sent++)
      socket.write(mutate(samples[Math.floor(random() * samples.length)]!, random))
    if (sent % 5000 === 0) assert.deepEqual(shown((await get('7.1.0'))?.varbinds), ['7.1.0 well'])
    await new Promise(setImmediate)
    socket.destroy()
  }
  assert.deepEqual(shown((await get('7.1.0'))?.varbinds), ['7.1.0 well'])
  assert.equal(well.isClosed, false)
  await until(() => engine.master.sessions.length === 1, 3000, 'the end of the others')
})

function sampleBodies() {
  const name = oid(`${root}.9.1`)
  const varbinds = [
    { name, value: text('some text') },
    { name, value: { type: 'Counter64', value: 5n } as const },
  ]
  const registration = { timeoutSeconds: 1, priority: 127, rangeSubid: 0, subtree: name, upperBound: 0 }
  return [
    { type: 'register', ...registration },
    { type: 'unregister', ...registration },
    { type: 'register', ...registration, rangeSubid: 3, upperBound: 90 },
    { type: 'ping' },
    { type: 'notify', varbinds },
    { type: 'indexAllocate', varbinds },
    { type: 'addAgentCaps', id: name, description: 'can do much' },
    { type: 'response', upTimeTicks: 1, error: 0, index: 0, varbinds },
    { type: 'close', reason: 5 },
  ] as const
}

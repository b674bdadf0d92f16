/** The requests of one session, each with its own time, behind the one timer that they share; time is moved by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MasterSession, type MasterSessionOptions } from '../../../agent/agentx/master-session.ts'
import { OctetAccount } from '../../../lib/bounds/octet-account.ts'
import { BackendGone } from '../../../lib/mib/remote.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { anyone } from '../../support/agentx.ts'

function session(over: Partial<MasterSessionOptions> = {}) {
  const clock = new ManualClock()
  const sent: number[] = []
  const one = new MasterSession({
    id: 1,
    trust: anyone,
    account: new OctetAccount(1 << 20, 1 << 20),
    objectId: [0, 0],
    description: 'late',
    openTicks: 0,
    timeoutMs: 1000,
    timeoutLimitMs: () => 60_000,
    clock,
    send: (_transaction, packetId) => sent.push(packetId),
    onHung: () => {},
    ...over,
  })
  /** What became of the requests so far, in the order in which it did. */
  const ended: string[] = []
  const ask = (name: string, timeoutMs: number): Promise<void> =>
    one.get([[1, 3, 6]], timeoutMs).then(
      () => void ended.push(`${name} answered`),
      (error: unknown) => void ended.push(`${name} ${error instanceof BackendGone ? 'gone' : 'late'}`),
    )
  const pass = async (ms: number): Promise<string[]> => {
    clock.advance(ms)
    await new Promise(setImmediate)
    return ended.splice(0)
  }
  const answer = (packetId: number | undefined): void =>
    one.receive({
      type: 'response',
      packetId: packetId ?? 0,
      flags: 0,
      sessionId: 1,
      transactionId: 0,
      context: '',
      upTimeTicks: 0,
      error: 0,
      index: 0,
      varbinds: [{ name: [1, 3, 6], value: { type: 'Integer32', value: 1 } }],
    })
  return { one, clock, sent, ask, pass, answer }
}

test('each request ends when its own time is over, in whatever order they were asked', async () => {
  const { ask, pass } = session()
  const all = [ask('5 s', 5000), ask('1 s', 1000), ask('3 s', 3000)]
  assert.deepEqual(await pass(999), [])
  assert.deepEqual(await pass(1), ['1 s late'])
  all.push(ask('1 s again', 1000), ask('500 ms', 500))
  assert.deepEqual(await pass(499), [])
  assert.deepEqual(await pass(1), ['500 ms late'])
  assert.deepEqual(await pass(500), ['1 s again late'])
  assert.deepEqual(await pass(999), [])
  assert.deepEqual(await pass(1), ['3 s late'])
  assert.deepEqual(await pass(2000), ['5 s late'])
  await Promise.all(all)
})

test('the time of a request that was answered is not that of another one', async () => {
  const { ask, pass, answer, sent } = session()
  const all = [ask('short', 1000), ask('long', 5000)]
  answer(sent[0])
  assert.deepEqual(await pass(1000), ['short answered'])
  assert.deepEqual(await pass(3999), [])
  assert.deepEqual(await pass(1), ['long late'])
  all.push(ask('next', 2000))
  assert.deepEqual(await pass(2000), ['next late'])
  await Promise.all(all)
})

test('a session is hung after three requests in a row that were not answered, whatever their times were', async () => {
  let hung = 0
  const { ask, pass, answer, sent } = session({ onHung: () => hung++ })
  const all = [ask('a', 1000), ask('b', 2000), ask('c', 3000)]
  await pass(2000)
  answer(sent[2])
  await pass(0)
  all.push(ask('d', 3000), ask('e', 1000), ask('f', 2000))
  await pass(2000)
  assert.equal(hung, 0)
  await pass(1000)
  assert.equal(hung, 1)
  await Promise.all(all)
})

test('the end of a session ends all requests at once, and its timer', async () => {
  const { one, ask, pass } = session()
  const all = [ask('a', 1000), ask('b', 2000)]
  one.close()
  assert.deepEqual(await pass(0), ['a gone', 'b gone'])
  assert.deepEqual(await pass(5000), [])
  await Promise.all(all)
})

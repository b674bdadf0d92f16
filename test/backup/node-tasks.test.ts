/** Tasks of other nodes as a job follows them: time is driven by hand, and each node does what a test says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type NodeOutcome, runTasks } from '../../backup/node/run-tasks.ts'
import {
  type LocalAgent,
  leaseMs,
  NodeError,
  type NodeSettings,
  type NodeTask,
  type TaskState,
} from '../../lib/backup/node.ts'
import { ManualClock } from '../../lib/time/clock.ts'

const settings = (name: string): NodeSettings => ({
  ...{ name, host: '192.0.2.1', port: 161 },
  user: {
    name: 'u',
    authProtocol: 'SHA-256',
    privProtocol: 'AES',
    authPassphrase: 'secret12',
    privPassphrase: 'secret34',
  },
})
const device = { type: 'local', name: 'disk', path: '/backup', retention: 1 } as const
const backup: NodeTask = { type: 'backup', set: 's', master: 'm', device, features: [], recipients: [] }
const restore: NodeTask = {
  type: 'restore',
  set: 's',
  master: 'm',
  device,
  features: [],
  fingerprint: 'f',
  anyVersion: false,
}
const part = { octets: 1, tarOctets: 1, sha256: '', isPartial: false, features: ['AGENT'], signingKey: 'k' }
const running: TaskState = { isCompleted: false, result: 'none', percent: 10, component: 'AGENT home', error: '' }
const done: TaskState = { ...running, isCompleted: true, result: 'succeeded', percent: 100, part }
const silent = () => Promise.reject(new NodeError('unreachable', 'nobody answers'))

/** `states` are what it answers, one after the other, the last one again and again. */
function agent(states: readonly (TaskState | NodeError)[], changes: Partial<LocalAgent> = {}) {
  const asked: string[] = []
  let at = 0
  const local: LocalAgent = {
    begin: async () => 7,
    async look() {
      const state = states[Math.min(at++, states.length - 1)]
      if (state instanceof NodeError || !state) throw state
      return state
    },
    keep: async () => void asked.push('keep'),
    cancel: async () => void asked.push('cancel'),
    report: silent,
    close: async () => void asked.push('close'),
    ...changes,
  }
  return { local, asked }
}

function bench(agents: Readonly<Record<string, LocalAgent>>, task = backup) {
  const clock = new ManualClock()
  const ending = new AbortController()
  const alarms: string[] = []
  const shown: string[] = []
  const state = { isCanceled: false, outcomes: undefined as readonly NodeOutcome[] | undefined }
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  void runTasks(Object.keys(agents).map(settings), {
    ...{ task, clock, log, signal: ending.signal },
    open: ({ name }) => agents[name] ?? agent([]).local,
    isCanceled: () => state.isCanceled,
    show: ({ node, state: how, percent }) => void shown.push(`${node} ${how} ${percent}`),
    alarm: (id, object) => void alarms.push(`${id} ${object}`),
  }).then((outcomes) => {
    state.outcomes = outcomes
  })
  return {
    ...{ alarms, shown, state, ending },
    outcomes: () => state.outcomes,
    async pass(seconds: number): Promise<void> {
      for (let second = 0; second < seconds; second++) {
        await setImmediate()
        clock.advance(1000)
        await setImmediate()
      }
      await setImmediate()
    },
  }
}

test('a node that is done gives its part, and its progress was shown', async () => {
  const { local, asked } = agent([running, done])
  const it = bench({ a: local })
  await it.pass(3)
  assert.deepEqual(it.outcomes(), [{ node: 'a', state: 'done', error: '', part }])
  assert.deepEqual(it.shown, ['a running 0', 'a running 10', 'a done 100'])
  assert.deepEqual([it.alarms, asked], [[], ['close']])
})

test('a node that is silent for 15 s in mid-backup is disconnected, and keeps none of the others', async () => {
  const gone = agent([running, new NodeError('unreachable', 'nobody answers')]).local
  const it = bench({ gone, whole: agent([running, running, done]).local })
  await it.pass(10)
  assert.equal(it.outcomes(), undefined)
  await it.pass(8)
  assert.deepEqual(
    it.outcomes()?.map(({ node, state }) => [node, state]),
    [
      ['gone', 'disconnected'],
      ['whole', 'done'],
    ],
  )
  assert.deepEqual(it.alarms, ['maBackupNodeDisconnect gone'])
})

test('a node that is heard of again in time goes on', async () => {
  const away = Array.from({ length: 10 }, () => new NodeError('unreachable', 'nobody answers'))
  const it = bench({ a: agent([running, ...away, running, done]).local })
  await it.pass(20)
  assert.equal(it.outcomes()?.[0]?.state, 'done')
})

test('a restore stops the agent of its node for minutes, and is disconnected only then', async () => {
  const { part: _, ...restored } = done
  const away = Array.from({ length: 200 }, () => new NodeError('unreachable', 'nobody answers'))
  const back = bench({ a: agent([running, ...away, restored]).local }, restore)
  await back.pass(205)
  assert.equal(back.outcomes()?.[0]?.state, 'done')
  const gone = bench({ a: agent([running, new NodeError('unreachable', 'nobody answers')]).local }, restore)
  await gone.pass(305)
  assert.deepEqual(gone.alarms, ['maRestoreNodeDisconnect a'])
})

test('a node whose restored users do not include the master is not waited for', async () => {
  const it = bench({ a: agent([running, new NodeError('unauthorized', 'no such user')]).local }, restore)
  await it.pass(3)
  assert.equal(it.outcomes()?.[0]?.state, 'disconnected')
})

for (const [fault, alarm] of [
  ['unreachable', 'ma2laFailure'],
  ['unauthorized', 'ma2laFailure'],
  ['notServing', 'localAgentStartFailure'],
  ['refused', 'localAgentStartFailure'],
] as const)
  test(`a node that cannot begin, being ${fault}, is the alarm ${alarm}`, async () => {
    const begin = () => Promise.reject(new NodeError(fault, 'that is why'))
    const it = bench({ a: agent([], { begin }).local })
    await it.pass(1)
    assert.deepEqual(it.outcomes(), [{ node: 'a', state: 'failed', error: 'that is why' }])
    assert.deepEqual(it.alarms, [`${alarm} a`])
  })

test('a node without some component is partial, and one without an archive has failed', async () => {
  const partial = {
    ...done,
    result: 'failed',
    error: 'REGISTRY: no space',
    part: { ...part, isPartial: true },
  } as const
  const { part: _, ...failed } = { ...done, result: 'failed', error: 'its device is full' } as const
  const it = bench({ a: agent([partial]).local, b: agent([failed]).local })
  await it.pass(2)
  assert.deepEqual(
    it.outcomes()?.map(({ state, error }) => [state, error]),
    [
      ['partial', 'REGISTRY: no space'],
      ['failed', 'its device is full'],
    ],
  )
  assert.deepEqual(it.alarms, ['maBackupComponentFailure a', 'maBackupComponentFailure b'])
})

test('a job that is canceled cancels its nodes, and waits for them', async () => {
  const { part: _, ...canceled } = { ...done, result: 'canceled' } as const
  const { local, asked } = agent([running, running, canceled])
  const it = bench({ a: local })
  await it.pass(1)
  it.state.isCanceled = true
  await it.pass(3)
  assert.equal(it.outcomes()?.[0]?.state, 'canceled')
  assert.deepEqual([asked, it.alarms], [['cancel', 'close'], []])
})

test('a job that ends cancels its nodes, and does not wait', async () => {
  const { local, asked } = agent([running])
  const it = bench({ a: local })
  await it.pass(1)
  it.ending.abort()
  await it.pass(1)
  assert.equal(it.outcomes()?.[0]?.state, 'canceled')
  assert.deepEqual(asked, ['cancel', 'close'])
})

test('a node is told often enough that its master still waits', async () => {
  const { local, asked } = agent([running])
  const it = bench({ a: local })
  await it.pass((2 * leaseMs) / 1000)
  assert.ok(asked.length >= 4, `${asked.length} times in two leases`)
  it.ending.abort()
  await it.pass(1)
})

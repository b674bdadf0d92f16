/** Backups and restores of two nodes: the jobs of both are real, and only what is between them is the test's. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { openSetList } from '../../backup/archive/set-list.ts'
import { cancelPathOf } from '../../lib/backup/job-folder.ts'
import { type LocalAgent, NodeError, type NodeTask, type TaskState } from '../../lib/backup/node.ts'
import { formatSetName } from '../../lib/backup/set-name.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { BackupBench, type FinishedJob, testVersion } from '../support/backup-job.ts'

const node = (name: string) => ({
  ...{ name, host: '192.0.2.1', port: 161 },
  user: {
    name: 'u',
    authProtocol: 'SHA-256',
    privProtocol: 'AES',
    authPassphrase: 'secret12',
    privPassphrase: 'secret34',
  },
})
const timeMs = Date.UTC(2026, 10, 30, 2, 30)
const set = formatSetName({ timeMs, version: testVersion })

/** The local agent of a home, without a network: a task is a job of that home. */
class NearAgent implements LocalAgent {
  readonly #bench: BackupBench
  readonly #name: string
  #job: Promise<FinishedJob> | undefined
  readonly tasks: NodeTask[] = []

  constructor(bench: BackupBench, name: string) {
    this.#bench = bench
    this.#name = name
  }

  async begin(task: NodeTask): Promise<number> {
    this.tasks.push(task)
    const { master, device, features } = task
    const shared = { ...this.#bench.request(), node: this.#name, master, device, features }
    this.#job = this.#bench.run(
      task.type === 'backup'
        ? { ...shared, type: 'backup', timeMs, readsBack: true, completesSet: false, recipients: task.recipients }
        : { ...shared, type: 'restore', set: task.set, fingerprint: task.fingerprint, anyVersion: task.anyVersion },
    )
    return 1
  }

  async look(): Promise<TaskState> {
    const job = await this.#job
    assert.ok(job)
    const { result, error, part } = job.status
    return { isCompleted: true, result, percent: 100, component: '', error, ...(part && { part }) }
  }

  async keep(): Promise<void> {}
  async cancel(): Promise<void> {}
  async close(): Promise<void> {}
  report = () => Promise.reject(new NodeError('refused', 'no test asks'))
}

describe('backups of two nodes', () => {
  let master: BackupBench
  let other: BackupBench
  let agent: NearAgent
  const note = ({ home }: BackupBench): string => join(home.conf, 'sipd', 'note.conf')
  const files = (): string[] =>
    readdirSync(master.device.path)
      .filter((name) => !name.includes('recovery'))
      .sort()
  // Its timers keep the test alive, as the child that talks to nodes does in a job.
  const clock = commandClock
  const world = () => ({ clock, openNode: () => agent })

  before(async () => {
    master = await BackupBench.create()
    other = await BackupBench.create()
    agent = new NearAgent(other, 'node2')
    writeFileSync(note(master), 'of node1')
    writeFileSync(note(other), 'of node2')
  })

  test('the set has both archives, which the recovery key of the master opens, and one list', async () => {
    const { status } = await master.run(master.backup({ nodes: [node('node2')] }), world())
    assert.equal(status.result, 'succeeded', status.error)
    assert.deepEqual(files(), [`${set}.set`, `${set}_node1.tar.gz.age`, `${set}_node2.tar.gz.age`])
    const { list } = openSetList(readFileSync(join(master.device.path, `${set}.set`)))
    assert.deepEqual(
      list.nodes.map(({ node: name, result, archive }) => [name, result, archive?.name]),
      [
        ['node1', 'complete', `${set}_node1.tar.gz.age`],
        ['node2', 'complete', `${set}_node2.tar.gz.age`],
      ],
    )
    const [task] = agent.tasks
    assert.ok(task?.type === 'backup' && task.recipients.includes(list.recoveryRecipient))
    assert.deepEqual(
      status.nodes?.map(({ node: name, state }) => [name, state]),
      [
        ['node1', 'done'],
        ['node2', 'done'],
      ],
    )
  })

  test('the master verifies the archives of both', async () => {
    const { status, log } = await master.run({ ...master.request(), type: 'verify', set })
    assert.equal(status.result, 'succeeded', status.error)
    assert.match(log, /_node2\.tar\.gz\.age is whole/)
  })

  test('both are restored, each from its own archive; then the other alone', async () => {
    const restore = { type: 'restore', set, anyVersion: false, nodes: [node('node2')] } as const
    for (const bench of [master, other]) writeFileSync(note(bench), 'changed')
    const both = await master.run({ ...master.request(), ...restore }, world())
    assert.equal(both.status.result, 'succeeded', both.status.error)
    assert.deepEqual(
      [master, other].map((bench) => readFileSync(note(bench), 'utf8')),
      ['of node1', 'of node2'],
    )
    for (const bench of [master, other]) writeFileSync(note(bench), 'changed')
    await master.run({ ...master.request(), ...restore, onlyNodes: true }, world())
    assert.deepEqual(
      [master, other].map((bench) => readFileSync(note(bench), 'utf8')),
      ['changed', 'of node2'],
    )
  })

  test('a restore of both says which one failed, when the other is not to be had', async () => {
    const begin = () => Promise.reject(new NodeError('unreachable', 'nobody answers'))
    const request = { ...master.request(), type: 'restore', set, anyVersion: false, nodes: [node('node2')] } as const
    const { status } = await master.run(request, {
      clock,
      openNode: () => Object.assign(new NearAgent(other, 'node2'), { begin }),
    })
    assert.equal(status.result, 'failed')
    assert.equal(status.error, 'node1 was restored; node2 was not restored, failed: nobody answers')
    assert.deepEqual(
      status.alarms.map(({ id }) => id),
      ['ma2laFailure', 'restoreFailure'],
    )
  })

  test('an archive that the node wrote to another directory of the same name is missing, and its set partial', async () => {
    const elsewhere = await BackupBench.create()
    const lost = new NearAgent(other, 'node2')
    const openNode = () => ({
      ...lost,
      begin: (task: NodeTask) => lost.begin({ ...task, device: elsewhere.device }),
      look: () => lost.look(),
      keep: () => lost.keep(),
      cancel: () => lost.cancel(),
      close: () => lost.close(),
    })
    const later = Date.UTC(2026, 10, 30, 3, 30)
    const { status } = await master.run(master.backup({ nodes: [node('node2')], timeMs: later }), { clock, openNode })
    assert.equal(status.result, 'succeededWithWarnings')
    assert.match(status.error, /node2: failed: node2 wrote .* which is not on folder as this node sees it/)
    const name = `${formatSetName({ timeMs: later, version: testVersion })}.set`
    const { list } = openSetList(readFileSync(join(master.device.path, name)))
    assert.deepEqual(
      list.nodes.map(({ result }) => result),
      ['complete', 'missing'],
    )
  })

  test('a backup that is canceled while it waits for a node leaves nothing', async () => {
    const before = files()
    const folder = master.prepare(master.backup({ nodes: [node('node2')], timeMs: Date.UTC(2026, 10, 30, 4, 30) }))
    const canceled: TaskState = { isCompleted: true, result: 'canceled', percent: 10, component: '', error: 'canceled' }
    const look = async (): Promise<TaskState> => {
      writeFileSync(cancelPathOf(folder), '')
      return canceled
    }
    const begin = async () => 1
    const openNode = () => Object.assign(new NearAgent(other, 'node2'), { begin, look })
    const { status } = await master.runIn(folder, { clock, openNode })
    assert.equal(status.result, 'canceled')
    assert.deepEqual(files(), before)
  })
})

/** Other nodes: the rows that say how they are reached, jobs in which they take part, and tasks that a master gives this one. */
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { NodeError } from '../../../lib/backup/node.ts'
import { formatSetName } from '../../../lib/backup/set-name.ts'
import type { DeviceSettings } from '../../../lib/backup/settings.ts'
import { programVersion } from '../../../lib/version.ts'
import { deviceColumnsOf, settingsOf } from '../../../subagents/backup/settings.ts'
import { until } from '../../support/appliance.ts'
import { backupBench, startMs, type Values } from './bench.ts'

const report = {
  name: 'node1',
  version: programVersion(),
  features: [{ name: 'AGENT', isRequired: true, order: 10, components: ['home', 'agent-data'] }],
}
const set = formatSetName({ timeMs: startMs, version: programVersion() })
const recipients = [`age1${'q'.repeat(58)}`, `age1${'p'.repeat(58)}`]
const task: Values = {
  drsJobDevice: '1',
  drsJobMaster: 'sip1',
  drsJobFileName: set,
  drsJobRecipients: recipients.join(','),
}

test('a node that is added is asked, and what it has registered is shown', async () => {
  const bench = await backupBench({ node: report })
  assert.equal(await bench.addNode(1), 'noError')
  await until(async () => (await bench.get('drsNodeOperStatus.1')) === 'ready(2)', 5000, 'the answer')
  assert.deepEqual(bench.askedNodes[0]?.user.authPassphrase, 'authentication phrase')
  assert.equal(await bench.get('drsNodeAuthPassphrase.1'), '***')
  assert.equal(await bench.get('drsComponentName.10.1002'), 'agent-data')
  assert.equal(await bench.get('drsComponentNode.10.1002'), 'node1')
  assert.equal(await bench.set({ 'drsNodeRowStatus.1': 'destroy' }), 'noError')
  assert.equal(await bench.get('drsComponentName.10.1002'), 'noSuchInstance')
})

test('a node that refuses shows why, and is asked again by itself', async () => {
  const refusal = new NodeError('unauthorized', 'node1 refuses user drs-sip1; add the node again')
  const bench = await backupBench({ node: refusal })
  await bench.addNode(1)
  await until(async () => (await bench.get('drsNodeOperStatus.1')) === 'unauthorized(4)', 5000, 'the answer')
  assert.equal(await bench.get('drsNodeError.1'), refusal.message)
  bench.clock.advance(15 * 60_000)
  await until(() => bench.askedNodes.length === 2, 5000, 'the next question')
})

test('a node has a name of its own, known protocols, and passphrases', async () => {
  const bench = await backupBench()
  assert.equal(await bench.addNode(1, { drsNodeName: hostname() }), 'wrongValue')
  assert.equal(await bench.addNode(1, { drsNodeName: 'a/b' }), 'wrongValue')
  assert.equal(await bench.addNode(1, { drsNodePrivProtocol: 'none' }), 'wrongValue')
  assert.equal(await bench.addNode(1, { drsNodePrivPassphrase: 'short' }), 'inconsistentValue')
  assert.equal(await bench.addNode(1), 'noError')
  assert.equal(await bench.addNode(2, { drsNodeName: 'node1' }), 'inconsistentValue')
  assert.equal(await bench.get('drsNodeNextIndex.0'), '2')
})

test('a backup is of all nodes, or of those that are named', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.addNode(1)
  await bench.addNode(2)
  const nodesOf = async (job: number, nodes: string): Promise<(string | undefined)[]> => {
    assert.equal(await bench.startJob(job, { drsJobDevice: '1', drsJobNodes: nodes }), 'noError')
    const request = await bench.requestOf(job)
    await bench.ends(job)
    return request?.nodes?.map(({ name }) => name) ?? []
  }
  assert.deepEqual(await nodesOf(1, ''), ['node1', 'node2'])
  assert.equal(await bench.get('drsJobNodes.1'), `${hostname()},node1,node2`)
  assert.deepEqual(await nodesOf(2, `${hostname()}, node2`), ['node2'])
  assert.deepEqual(await nodesOf(3, hostname()), [])
  assert.equal(await bench.startJob(4, { drsJobDevice: '1', drsJobNodes: 'stranger' }), 'inconsistentValue')
})

test('a restore is of this node, of others, or of a machine whose archive comes here', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.addNode(1)
  const restore = (job: number, nodes: string) =>
    bench.startJob(job, { drsJobType: 'restore', drsJobDevice: '1', drsJobFileName: set, drsJobNodes: nodes })
  const requested = async (job: number, nodes: string) => {
    assert.equal(await restore(job, nodes), 'noError')
    const request = await bench.requestOf(job)
    await bench.ends(job)
    assert.ok(request?.type === 'restore')
    const { fromNode, onlyNodes, nodes: others } = request
    return { fromNode, onlyNodes, others: others?.map(({ name }) => name) }
  }
  const none = { fromNode: undefined, onlyNodes: undefined, others: undefined }
  assert.deepEqual(await requested(1, ''), none)
  assert.deepEqual(await requested(2, 'node1'), { ...none, onlyNodes: true, others: ['node1'] })
  assert.deepEqual(await requested(3, `${hostname()},node1`), { ...none, others: ['node1'] })
  assert.deepEqual(await requested(4, 'lost-machine'), { ...none, fromNode: 'lost-machine' })
  assert.equal(await restore(5, 'lost-machine,node1'), 'inconsistentValue')
})

test('a task of a master adds an archive to its set, for its recipients', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.addNode(1)
  assert.equal(await bench.startJob(1, task), 'noError')
  const request = await bench.requestOf(1)
  assert.ok(request?.type === 'backup')
  assert.deepEqual(
    [request.master, request.completesSet, request.timeMs, request.recipients, request.nodes],
    ['sip1', false, startMs, recipients, undefined],
  )
  const part = { octets: 5_000_000_000, tarOctets: 9, sha256: 'ab'.repeat(32), isPartial: true, features: ['AGENT'] }
  await bench.ends(1, { part: { ...part, signingKey: 'key' } })
  assert.equal(await bench.get('drsJobPart.1'), 'partial(3)')
  assert.equal(await bench.get('drsJobPartOctets.1'), '5000000000')
  assert.equal(await bench.get('drsJobPartSigningKey.1'), 'key')
})

test('a task without what it needs, or of another version, is refused', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  const other = formatSetName({ timeMs: startMs, version: '0.0.0' })
  for (const wrong of [
    { drsJobFileName: '' },
    { drsJobFileName: other },
    { drsJobRecipients: '' },
    { drsJobRecipients: 'age1short' },
    { drsJobType: 'drill' },
    { drsJobType: 'restore', drsJobFingerprint: '' },
  ] satisfies Values[])
    assert.equal(await bench.startJob(1, { ...task, ...wrong }), 'inconsistentValue', JSON.stringify(wrong))
})

test('a backup whose master is silent is canceled with la2maFailure; one that is kept goes on', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1, task)
  await bench.requestOf(1)
  await bench.says({})
  await until(async () => (await bench.get('drsJobStatus.1')) === 'running(2)', 5000)
  for (let minutes = 0; minutes < 6; minutes += 2) {
    bench.clock.advance(120_000)
    assert.equal(await bench.set({ 'drsJobControl.1': 'keep' }), 'noError')
  }
  assert.equal(await bench.get('drsAlarmId.1'), 'noSuchInstance')
  bench.clock.advance(180_000)
  await until(async () => (await bench.get('drsAlarmId.1')) === 'la2maFailure(5)', 5000, 'the alarm')
  await until(async () => (await bench.get('drsJobStatus.1')) === 'canceling(3)', 5000, 'the end of the job')
  await bench.ends(1, { result: 'canceled' })
  assert.equal(await bench.set({ 'drsJobControl.1': 'keep' }), 'inconsistentValue')
})

test('each node of a job is shown, and in the history those that did not finish', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.addNode(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  const own = { node: 'sip1', state: 'done', percent: 100, component: '', error: '' } as const
  const gone = { node: 'node1', state: 'disconnected', percent: 40, component: '', error: 'cannot reach it' } as const
  await bench.ends(1, { nodes: [own, gone], result: 'succeededWithWarnings' })
  assert.equal(await bench.get('drsJobNodeStatus.1.2'), 'disconnected(7)')
  assert.equal(await bench.get('drsJobNodeError.1.2'), 'cannot reach it')
  await until(async () => (await bench.get('drsHistoryNodes.1.1')) === 'sip1,node1:disconnected', 5000, 'the history')
})

test('an alarm of a job that went well otherwise stays until a later one is whole', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  const alarms = [{ id: 'maBackupNodeDisconnect', text: 'node1 disappeared', object: 'node1' }] as const
  await bench.startJob(1)
  await bench.requestOf(1)
  await bench.ends(1, { alarms, result: 'succeededWithWarnings' })
  await until(async () => (await bench.get('drsHistoryResult.1.1')) === 'succeededWithWarnings(3)', 5000)
  assert.equal(await bench.get('drsAlarmCleared.1'), 'false(2)')
  await bench.startJob(2)
  await bench.requestOf(2)
  await bench.ends(2)
  await until(async () => (await bench.get('drsAlarmCleared.1')) === 'true(1)', 5000)
})

test('devices of tasks take no place of a device of this node', async () => {
  const bench = await backupBench()
  for (let index = 1; index <= 10; index++) await bench.addDevice(index)
  assert.equal(await bench.addDevice(1001, { drsDeviceStorageType: 'volatile' }), 'noError')
  assert.equal(await bench.addDevice(11), 'resourceUnavailable')
})

test('a device is the same on the node as on the master', async () => {
  const devices: readonly DeviceSettings[] = [
    { type: 'local', name: 'disk', path: '/mnt/backup', retention: 7 },
    {
      ...{
        type: 'network' as const,
        name: 'disk',
        server: 'backup.example.com',
        port: 2222,
        path: 'sets',
        userName: 'castellan',
      },
      ...{ privateKey: '-----BEGIN KEY-----', hostKey: 'SHA256:x', maxKBytesPerSecond: 500, retention: 3 },
      allowsOldAlgorithms: true,
    },
    {
      ...{
        type: 'network' as const,
        name: 'disk',
        server: '192.0.2.1',
        port: 22,
        path: '/',
        userName: 'u',
        password: 'pässword',
      },
      retention: 1,
    },
  ]
  const bench = await backupBench()
  await bench.addDevice(1)
  const row = [
    ...(bench.module.tables.find(({ table }) => table.definition.name === 'drsDeviceTable')?.table.rows() ?? []),
  ][0]
  for (const device of devices)
    assert.deepEqual(
      settingsOf({ ...(row as Parameters<typeof settingsOf>[0]), ...deviceColumnsOf(device), drsDeviceName: 'disk' }),
      device,
    )
})

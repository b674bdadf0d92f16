/** The views over SNMP, of an appliance that runs, as a person or a console reads them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Manager, ResponseError } from '../../snmp/manager/manager.ts'
import { type Application, OrderRefusedError, readApplications, setApplications } from '../../views/applications.ts'
import { readEvents } from '../../views/events.ts'
import { readLogs } from '../../views/logs.ts'
import { readTargets } from '../../views/targets.ts'
import { Appliance, makeHome, until } from '../support/appliance.ts'

let appliance: Appliance
let operator: Manager
let reader: Manager
before(async () => {
  appliance = new Appliance(await makeHome())
  assert.equal(await appliance.start(), undefined, appliance.output)
  const asks = (community: string) =>
    new Manager({ host: '127.0.0.1', port: appliance.at.snmpPort, security: { version: 'v2c', community } })
  operator = asks('cspsAdmin')
  reader = asks('public')
})
after(async () => {
  operator.close()
  reader.close()
  await appliance.stop()
})

async function sipd(): Promise<Application> {
  const found = (await readApplications(reader)).find(({ name }) => name === 'sipd')
  assert.ok(found)
  return found
}

test('applications have their states by name, numbers and units', async () => {
  await until(async () => (await sipd()).health === 'healthy', 60_000, 'sipd, which was asked')
  const { pid, upTimeSeconds, ...rest } = await sipd()
  assert.deepEqual(rest, {
    index: 1,
    name: 'sipd',
    wanted: 'up',
    status: 'up',
    state: 'running',
    health: 'healthy',
    restarts: 0,
    exits: 0,
    lastError: '',
  })
  assert.equal(pid, appliance.sipdPid())
  assert.ok(upTimeSeconds >= 0 && upTimeSeconds < 600)
})

test('an application is started and stopped; one that refuses, or an agent that does, throws and nothing happens', async () => {
  const before = await sipd()
  await setApplications(operator, [before], 'stop')
  await until(async () => (await sipd()).state === 'stopped', 15_000, 'the end of sipd')
  await assert.rejects(setApplications(operator, [before], 'graceful'), (error: unknown) => {
    assert.ok(error instanceof OrderRefusedError)
    assert.ok(error.cause instanceof ResponseError)
    assert.match(error.message, /^sipd: graceful was refused, and nothing happened: it is running, or has no graceful/)
    return true
  })
  await assert.rejects(setApplications(reader, [before], 'start'), /the agent answered authorizationError$/)
  assert.equal((await sipd()).wanted, 'down')
  await setApplications(operator, [before], 'start')
  await until(async () => (await sipd()).status === 'up', 15_000, 'sipd again')
})

test('logs have their sizes and states; what needs attention comes first', async () => {
  const logs = await readLogs(reader)
  assert.ok(logs.length > 0)
  for (const { file, sizeOctets, matches } of logs) {
    assert.match(file, /^\//)
    assert.ok(sizeOctets >= 0 && matches >= 0)
  }
  const ranks = logs.map(({ attention }) => ['failed', 'large', 'followed', 'off'].indexOf(attention))
  assert.deepEqual(ranks, ranks.toSorted())
})

test('targets have their addresses, and count what was sent', async () => {
  const target = async () =>
    (await readTargets(reader)).find(({ address }) => address?.endsWith(`:${appliance.at.trapPort}`))
  await until(async () => ((await target())?.sent ?? 0) > 0, 5000, 'a notification')
  const { address, state, acknowledged, lost } = (await target()) ?? {}
  assert.deepEqual(
    { address, state, acknowledged, lost },
    { address: `127.0.0.1:${appliance.at.trapPort}`, state: 'sent', acknowledged: 0, lost: 0 },
  )
})

test('events name their triggers and how far each is from a threshold', async () => {
  const watched = await readEvents(reader)
  assert.ok(watched.length > 0)
  assert.deepEqual(
    watched.filter(({ name, frequencySeconds }) => name === '' || frequencySeconds <= 0),
    [],
  )
})

test('people see logs and targets as tables within 80 columns, and programs as JSON', async () => {
  for (const [words, of] of [
    [['logs', 'list'], await readLogs(reader)],
    [['targets'], await readTargets(reader)],
  ] as const) {
    const shown = await appliance.castellan(...words)
    assert.equal(shown.code, 0, shown.err)
    for (const line of shown.out.split('\n')) assert.ok(line.length <= 80, line)
    const names = (rows: readonly { readonly name?: string; readonly file?: string }[]) =>
      rows.map(({ name, file }) => name ?? file).toSorted()
    assert.deepEqual(names(JSON.parse((await appliance.castellan(...words, '--json')).out)), names(of))
  }
})

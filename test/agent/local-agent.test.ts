import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Vacm } from '../../agent/access/vacm.ts'
import { EngineLocalAgent } from '../../agent/local-agent.ts'
import type { SetRecord } from '../../agent/set-record.ts'
import { column, defineScalars } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { Names } from '../../lib/mib/names.ts'
import { integer32 } from '../../lib/mib/syntax.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import type { Varbind } from '../../lib/smi/value.ts'
import { siLogTable } from '../../subagents/log/mib.ts'
import { type AgentxEngine, agentxEngine } from '../support/agentx.ts'
import { type TestEngine, testEngine } from '../support/engine.ts'

const here = oid('1.3.6.1.4.1.32473.99.1')
const there = oid('1.3.6.1.4.1.32473.99.2')
const clerk: Principal = {
  securityModel: 'usm',
  securityName: 'clerk',
  securityLevel: 'authPriv',
  contextName: '',
}
let remote: AgentxEngine | undefined
afterEach(() => remote?.stop())

/** Two scalars, the second of which only reads. */
function counterModule(name: string, at: Oid) {
  const log: (Principal | undefined)[] = []
  const definition = defineScalars({
    name,
    oid: at.join('.'),
    objects: { [`${name}Level`]: column(1, integer32(0, 100), 'read-write'), [`${name}Floor`]: column(2, integer32()) },
  })
  const scalars = serve(definition, { commit: ({ requester }) => void log.push(requester) })
  scalars.table.put({ [`${name}Level`]: 5, [`${name}Floor`]: 1 })
  const module: MibModule = { name, description: name, oid: at, tables: [anyServing(scalars)] }
  return { module, log, names: definition }
}

function vacm(write: readonly Oid[]): Vacm {
  const view = (viewName: string, subtree: Oid) => ({ viewName, subtree, included: true, mask: new Uint8Array(0) })
  return new Vacm(
    [{ securityModel: 'usm', securityName: 'clerk', groupName: 'clerks' }],
    [
      {
        groupName: 'clerks',
        contextPrefix: '',
        contextMatch: 'exact',
        securityModel: 'usm',
        securityLevel: 'authPriv',
        views: { read: 'all', write: 'some', notify: '' },
      },
    ],
    [view('all', oid('1.3')), ...write.map((subtree) => view('some', subtree))],
  )
}

function localAgent({ engine }: Pick<TestEngine, 'engine'>, write: readonly Oid[], names = new Names([])) {
  const rights = vacm(write)
  return new EngineLocalAgent({ engine, rights, names, notify: () => {} })
}

const integer = (name: Oid, value: number): Varbind => ({ name, value: { type: 'Integer32', value } })

test('a module reads and sets as a manager would, with the rights of whom it names, and the audit log sees it', async () => {
  const audited: SetRecord[] = []
  const counter = counterModule('here', here)
  const { engine } = testEngine([counter.module], { included: [here] }, undefined, {
    onSet: (record) => void audited.push(record),
  })
  const agent = localAgent({ engine }, [[...here, 1]])
  assert.equal(await agent.set([integer([...here, 1, 0], 6)], clerk), undefined)
  assert.deepEqual(
    await agent.get(
      [
        [...here, 1, 0],
        [...here, 3, 0],
      ],
      clerk,
    ),
    {
      varbinds: [integer([...here, 1, 0], 6), { name: [...here, 3, 0], value: { type: 'noSuchObject' } }],
    },
  )
  assert.deepEqual(
    await agent.getNext(
      [
        [...here, 1],
        [...here, 2, 0],
      ],
      clerk,
    ),
    {
      varbinds: [integer([...here, 1, 0], 6), { name: [...here, 2, 0], value: { type: 'endOfMibView' } }],
    },
  )
  assert.deepEqual(counter.log, [clerk], 'the module is told whose SET it is')
  assert.deepEqual(
    audited.map(({ remote, before, status }) => ({ remote, before, status })),
    [{ remote: undefined, before: [{ type: 'Integer32', value: 5 }], status: 'noError' }],
  )
})

test('what VACM does not allow fails with its status and a sentence that says who, what and why', async () => {
  const counter = counterModule('here', here)
  const { engine } = testEngine([counter.module], { included: [here] })
  const agent = localAgent({ engine }, [[...here, 1]], new Names([counter.names as never]))
  const set = (name: Oid, value: number, as = clerk) =>
    agent.set([integer([...here, 1, 0], 7), integer(name, value)], as)
  assert.deepEqual(await set([...here, 2, 0], 1), {
    status: 'noAccess',
    position: 2,
    sentence: 'clerk may not write hereFloor.0',
  })
  assert.deepEqual(await set([...here, 1, 0], 1000), {
    status: 'wrongValue',
    position: 2,
    sentence: 'hereLevel.0 answered wrongValue',
  })
  for (const [change, reason] of [
    [{ securityName: 'nobody' }, /nobody \(usm, authPriv\) has no write view \(noGroupName\)/],
    [{ securityLevel: 'noAuthNoPriv' }, /noAccessEntry/],
    [{ securityModel: 'snmpv2c' }, /noGroupName/],
    [{ securityModel: 'snmpv1' }, /noGroupName/],
    [{ contextName: 'elsewhere' }, /there is no context elsewhere/],
  ] as const) {
    const failure = await set([...here, 1, 0], 1, { ...clerk, ...change })
    assert.equal(failure?.status, 'authorizationError')
    assert.match(failure!.sentence, reason)
  }
  const unread = await agent.get([[...here, 1, 0]], { ...clerk, securityName: 'nobody' })
  assert.ok('status' in unread && unread.status === 'authorizationError')
  assert.deepEqual(counter.log, [], 'nothing of it was done')
})

test('objects of a subagent are read and set like those of the agent itself', async () => {
  const [near, far] = [counterModule('here', here), counterModule('there', there)]
  remote = await agentxEngine([near.module])
  await remote.serve([far.module])
  const agent = localAgent(remote, [oid('1.3')])
  assert.equal(await agent.set([integer([...here, 1, 0], 8), integer([...there, 1, 0], 9)], clerk), undefined)
  assert.deepEqual(
    await agent.get(
      [
        [...there, 1, 0],
        [...here, 1, 0],
      ],
      clerk,
    ),
    {
      varbinds: [integer([...there, 1, 0], 9), integer([...here, 1, 0], 8)],
    },
  )
  assert.deepEqual(await agent.getNext([[...here, 2, 0]], clerk), { varbinds: [integer([...there, 1, 0], 9)] })
  const refused = await agent.set([integer([...here, 1, 0], 1), integer([...there, 1, 0], 101)], clerk)
  assert.deepEqual([refused?.status, refused?.position], ['wrongValue', 2])
  assert.deepEqual(await agent.get([[...here, 1, 0]], clerk), { varbinds: [integer([...here, 1, 0], 8)] })
})

test('objects asked for one by one: those of the agent are at hand at once, those of a subagent come when it answers', async () => {
  const [near, far] = [counterModule('here', here), counterModule('there', there)]
  remote = await agentxEngine([near.module])
  await remote.serve([far.module])
  const agent = localAgent(remote, [], new Names([near.names as never]))
  const [mine, theirs, nothing] = agent.getEach(
    [
      [...here, 1, 0],
      [...there, 1, 0],
      [...here, 1, 5],
    ],
    clerk,
  )
  assert.deepEqual(mine, integer([...here, 1, 0], 5))
  assert.ok(theirs instanceof Promise)
  assert.deepEqual(await theirs, integer([...there, 1, 0], 5))
  assert.deepEqual(nothing, { name: [...here, 1, 5], value: { type: 'noSuchInstance' } })
  const [first, second, last] = agent.getNextEach([here, [...here, 2, 0], [...there, 2, 0]], clerk)
  assert.deepEqual(first, integer([...here, 1, 0], 5))
  assert.deepEqual(await second, integer([...there, 1, 0], 5), 'what a subagent serves comes next')
  assert.equal(((await last) as Varbind).value.type, 'endOfMibView')
  const [refused] = agent.getEach([[...here, 1, 0]], { ...clerk, securityName: 'nobody' })
  assert.equal(
    (await refused) && 'status' in (await refused)! && ((await refused) as { status: string }).status,
    'authorizationError',
  )
  assert.equal(agent.format([...here, 1, 0]), 'hereLevel.0')
  assert.equal(agent.formatValue([...here, 1, 0], { type: 'Integer32', value: 3 }), '3')
})

test('a view hides objects from those who ask one by one, and instances too', async () => {
  const counter = counterModule('here', here)
  const { engine } = testEngine([counter.module], { included: [here] })
  const family = (subtree: Oid, included: boolean) => ({ viewName: 'all', subtree, included, mask: new Uint8Array(0) })
  const rights = (hidden: Oid) =>
    new Vacm(
      [{ securityModel: 'usm', securityName: 'clerk', groupName: 'clerks' }],
      [
        {
          groupName: 'clerks',
          contextPrefix: '',
          contextMatch: 'exact',
          securityModel: 'usm',
          securityLevel: 'authPriv',
          views: { read: 'all', write: '', notify: '' },
        },
      ],
      [family(oid('1.3'), true), family(hidden, false)],
    )
  for (const hidden of [
    [...here, 1],
    [...here, 1, 0],
  ]) {
    const agent = new EngineLocalAgent({ engine, rights: rights(hidden), names: new Names([]), notify: () => {} })
    assert.deepEqual(agent.getEach([[...here, 1, 0]], clerk), [
      { name: [...here, 1, 0], value: { type: 'noSuchObject' } },
    ])
    assert.deepEqual(agent.getNextEach([here], clerk), [integer([...here, 2, 0], 1)])
  }
})

test('SETs of modules and of managers stand in one queue', async () => {
  const counter = counterModule('here', here)
  const engine = testEngine([counter.module], { included: [here] })
  const agent = localAgent(engine, [here])
  const values: number[] = []
  const first = agent.set([integer([...here, 1, 0], 1)], clerk).then(() => values.push(1))
  const second = engine.ask({ type: 'setRequest', varbinds: [integer([...here, 1, 0], 2)] }).then(() => values.push(2))
  const third = agent.set([integer([...here, 1, 0], 3)], clerk).then(() => values.push(3))
  await Promise.all([first, second, third])
  assert.deepEqual([...values].sort(), [1, 2, 3])
  assert.deepEqual(
    counter.log.map((requester) => requester?.securityName),
    ['clerk', 'writer', 'clerk'],
  )
  assert.deepEqual(await agent.get([[...here, 1, 0]], clerk), { varbinds: [integer([...here, 1, 0], 3)] })
})

test('a module that floods the queue is refused like a manager that does', async () => {
  const counter = counterModule('here', here)
  const agent = localAgent(testEngine([counter.module], { included: [here] }), [here])
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, i) => agent.set([integer([...here, 1, 0], i)], clerk)),
  )
  assert.equal(outcomes.filter((outcome) => outcome?.status === 'resourceUnavailable').length, 36)
  assert.equal(outcomes.filter((outcome) => outcome === undefined).length, 64)
})

test('what a guarded column holds is in no sentence and no column that more may see', () => {
  const counter = counterModule('here', here)
  const { engine } = testEngine([counter.module], { included: [here] })
  const { siLogLastMatch, siLogFileName } = siLogTable.columns
  const agent = localAgent({ engine }, [], new Names([siLogTable as never]))
  const value = { type: 'OctetString', value: Buffer.from('password is S3cr3t') } as const
  assert.equal(agent.formatValue([...siLogLastMatch.oid, 1], value), '***')
  assert.equal(agent.formatValue([...siLogFileName.oid, 1], value), 'password is S3cr3t')
})

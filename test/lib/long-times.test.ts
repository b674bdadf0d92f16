import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { declaredDefinitions } from '../../catalogue.ts'
import type { Column } from '../../lib/mib/declare.ts'
import { programRoot } from '../../lib/program-root.ts'
import { systemClock } from '../../lib/time/clock.ts'

/** What hands a time to Node itself, which runs what is later than 2^31-1 ms at once; what each of them waits is bounded elsewhere. */
const bounded: Readonly<Record<string, string>> = {
  'snmp/manager/manager.ts': '--timeout of the tools is a day at most',
  'lib/mib/set-transaction.ts': 'a time-out of AgentX, which is capped',
  'agentx/subagent.ts': 'a constant of subagents/main.ts',
  'agentx/connection.ts': 'a constant',
  'lib/time/clock.ts': 'waits in steps',
  'lib/process/control.ts': 'constants, and --timeout of sip, a day at most',
  'lib/process/daemon-process.ts': 'a constant',
  'lib/program/run.ts': 'a constant',
  'subagents/critapp/health/health.ts': 'critAppHealthTimeout, 300 s at most',
  'sipd/log/rotatelogs/main.ts': 'a constant',
  'sipd/location/writer.ts': 'a constant',
  'sipd/transport/transports.ts': 'constants, and SipTcpMaxConnectTimeout',
  'commands/rotate.ts': 'a constant',
}

test('no time that somebody sets gets to a timer of Node itself, which takes 31 bits of milliseconds', () => {
  const raw = /\b(?:setTimeout|setInterval)\(|AbortSignal\.timeout\(/
  const found = ['agent', 'agentx', 'commands', 'lib', 'sipd', 'snmp', 'subagents', 'views'].flatMap((house) =>
    readdirSync(join(programRoot, house), { recursive: true, encoding: 'utf8' })
      .map((name) => join(house, name))
      .filter((name) => name.endsWith('.ts') && raw.test(readFileSync(join(programRoot, name), 'utf8'))),
  )
  assert.deepEqual(found.sort(), Object.keys(bounded).sort(), 'use a Clock, or say here what bounds the time')
})

/** Milliseconds of one, of columns that a manager can write and that are times by their type or their name. */
function unitOf(name: string, { syntax, access }: Column): number | undefined {
  if (access !== 'read-write' && access !== 'read-create') return undefined
  if (syntax.name === 'TimeInterval') return 10
  const isNumber = syntax.base === 'Integer32' || syntax.base === 'Gauge32'
  if (
    !isNumber ||
    syntax.named ||
    !/(Timeout|Interval|Frequency|Window|Delay|Lifetime|Expire|AgeOut|ExpireTime|TimeLimit)$/.test(name)
  )
    return undefined
  return 1000
}

/** The largest value that a SET takes. */
function largest({ syntax }: Column): number {
  const candidates = [0xffff_ffff, 0x7fff_ffff, ...syntax.ranges.map(([, max]) => max)]
  const type = syntax.base as 'Integer32' | 'Gauge32'
  return Math.max(...candidates.filter((value) => 'value' in syntax.fromSnmp({ type, value })))
}

test('the largest value of every column that is a time is waited for: Node is given none that it runs at once', (context) => {
  const columns = declaredDefinitions.flatMap(({ columns }) => Object.entries(columns as Record<string, Column>))
  const times = columns.flatMap(([name, column]) => {
    const unitMs = unitOf(name, column)
    return unitMs === undefined ? [] : [{ name, ms: largest(column) * unitMs }]
  })
  // Among them those that are known to have been taken for 1 ms.
  const taken = ['mteTriggerFrequency', 'snmpTargetAddrTimeout', 'critAppRestartInterval', 'sysApplAgentPollInterval']
  for (const known of taken)
    assert.ok(
      times.some(({ name, ms }) => name === known && ms >= 2 ** 31),
      known,
    )
  const delays: number[] = []
  const wait = (_: () => void, ms: number) => {
    delays.push(ms)
    return { unref: () => {} }
  }
  context.mock.method(globalThis, 'setTimeout', wait)
  context.mock.method(globalThis, 'setInterval', wait)
  for (const { ms } of times) {
    systemClock.after(ms, () => {})
    systemClock.every(ms, () => {})
  }
  context.mock.restoreAll()
  assert.equal(delays.length, 2 * times.length)
  assert.deepEqual(
    delays.filter((ms) => ms < 1 || ms > 2 ** 31 - 1),
    [],
  )
})

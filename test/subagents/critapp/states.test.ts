/** The table of states, driven: every state and event, by what brings it about. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { type Actions, ProcessMachine, transitions } from '../../../subagents/critapp/process/states.ts'
import { Rig } from './rig.ts'
import { scenarios } from './state-scenarios.ts'

/** What machines were asked to handle, as `state event`. */
const handled = new Set<string>()
const handle = ProcessMachine.prototype.handle
mock.method(ProcessMachine.prototype, 'handle', function (this: ProcessMachine, ...args: Parameters<typeof handle>) {
  handled.add(`${this.state} ${args[0]}`)
  handle.apply(this, args)
})

const pairs = Object.entries(transitions).flatMap(([state, row]) =>
  Object.entries(row).map(([event, [next]]) => ({ state, event, next })),
)

for (const { state, event, next } of pairs)
  test(`a process that is ${state}: ${event} makes it ${next}`, async () => {
    handled.clear()
    const drive = Object.entries(Object.entries(scenarios).find(([one]) => one === state)?.[1] ?? {})
    const scenario = drive.find(([one]) => one === event)?.[1]
    assert.ok(scenario, 'there is a way to bring it about')
    const rig = new Rig()
    await scenario(rig)
    assert.ok(handled.has(`${state} ${event}`), `it came: ${[...handled].join(', ')}`)
    assert.ok(rig.states.includes(next), rig.states.join(', '))
  })

test('an event that the table does not have in a state changes nothing and does nothing', () => {
  const events = [...new Set(pairs.map(({ event }) => event))]
  for (const state of Object.keys(transitions))
    for (const event of events.filter((one) => !pairs.some((pair) => pair.state === state && pair.event === one))) {
      const { machine, done } = machineIn(state)
      const before = done.length
      send(machine, event)
      assert.deepEqual([machine.state, done.length], [state, before], `${state} ${event}`)
    }
})

/** A machine that was led into a state by the table's own pairs, and what it has done. */
function machineIn(wanted: string) {
  const done: string[] = []
  const machine = new ProcessMachine(
    new Proxy({}, { get: () => new Proxy({}, { get: (_, action) => () => done.push(String(action)) }) }) as Actions,
  )
  const before = new Map<string, (typeof pairs)[number]>()
  for (let isNew = true; isNew; ) {
    isNew = false
    for (const pair of pairs)
      if ((pair.state === 'unknown' || before.has(pair.state)) && !before.has(pair.next) && pair.next !== 'unknown') {
        before.set(pair.next, pair)
        isNew = true
      }
  }
  const way: string[] = []
  for (let pair = before.get(wanted); pair; pair = before.get(pair.state)) way.unshift(pair.event)
  for (const event of way) send(machine, event)
  assert.equal(machine.state, wanted)
  return { machine, done }
}

function send(machine: ProcessMachine, event: string): void {
  machine.handle(event as 'wantUp', undefined)
}

/** Which files of a device are removed, and which never are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoredFile } from '../../backup/device/device.ts'
import { filesToRemove, prune, removeDrafts } from '../../backup/retention.ts'
import { archiveNameOf, formatSetName, listNameOf, parseStoredName, type SetName } from '../../lib/backup/set-name.ts'
import { MemoryDevice } from '../support/memory-device.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nowMs = Date.UTC(2026, 10, 30, 3)
const version = '0.1.0'
const never = new AbortController().signal

const setAt = (timeMs: number): SetName => ({ timeMs, version })
const file = (name: string, modifiedMs: number): StoredFile => ({ name, octets: 1, modifiedMs })

function filesOf(set: SetName, { nodes = ['alpha'], isComplete = true } = {}): StoredFile[] {
  const archives = nodes.map((node) => file(archiveNameOf(set, node), set.timeMs))
  return isComplete ? [...archives, file(listNameOf(set), set.timeMs)] : archives
}

const daily = (count: number): SetName[] => Array.from({ length: count }, (_, i) => setAt(nowMs - i * dayMs))

test('the oldest complete sets go beyond the number that is kept, each with its list first', () => {
  const [newest, second, third, fourth] = daily(4)
  assert.ok(newest && second && third && fourth)
  const files = [newest, second, third, fourth].flatMap((set) => filesOf(set, { nodes: ['alpha', 'beta'] }))
  assert.deepEqual(filesToRemove(files, { retention: 2, nowMs, completed: newest }), [
    listNameOf(fourth),
    archiveNameOf(fourth, 'alpha'),
    archiveNameOf(fourth, 'beta'),
    listNameOf(third),
    archiveNameOf(third, 'alpha'),
    archiveNameOf(third, 'beta'),
  ])
})

test('no complete set goes unless a new one is on the device', () => {
  const sets = daily(5)
  const files = sets.flatMap((set) => filesOf(set))
  assert.deepEqual(filesToRemove(files, { retention: 1, nowMs }), [])
  assert.deepEqual(filesToRemove(files, { retention: 1, nowMs, completed: setAt(nowMs + 1000) }), [])
})

test('incomplete sets and drafts go when they are older than a day, and not before', () => {
  const [today, old] = [setAt(nowMs - 2 * hourMs), setAt(nowMs - 25 * hourMs)]
  const partsOf = (set: SetName): StoredFile[] => [
    ...filesOf(set, { isComplete: false }),
    file(`${archiveNameOf(set, 'beta')}.part`, set.timeMs),
    file(`${listNameOf(set)}.part`, set.timeMs),
  ]
  assert.deepEqual(
    filesToRemove([...partsOf(today), ...partsOf(old)], { retention: 2, nowMs }).sort(),
    partsOf(old)
      .map(({ name }) => name)
      .sort(),
  )
})

test('what is written now stays, whatever the clock of the server says, and what a clock in the future wrote', () => {
  const running = setAt(nowMs - hourMs)
  const draft = `${archiveNameOf(running, 'alpha')}.part`
  const wrongClock = setAt(nowMs - 40 * dayMs)
  const files = [
    file(draft, 0),
    ...filesOf(setAt(nowMs + dayMs), { isComplete: false }),
    file(`${archiveNameOf(wrongClock, 'alpha')}.part`, nowMs),
  ]
  assert.deepEqual(filesToRemove(files, { retention: 1, nowMs }), [])
})

test('files of validations that were killed go after a day', () => {
  const probe = 'castellan_check_0123456789abcdef'
  const files = [file(probe, nowMs - 2 * dayMs), file(`${probe}.part`, nowMs - 2 * dayMs), file('castellan_check_x', 0)]
  assert.deepEqual(filesToRemove(files, { retention: 1, nowMs }), [probe, `${probe}.part`])
  assert.deepEqual(filesToRemove([file(probe, nowMs - hourMs)], { retention: 1, nowMs }), [])
})

const anyTime = fc.integer({ min: 0, max: 400 }).map((hours) => nowMs - hours * hourMs)
const anySet = fc.record({
  set: anyTime.map(setAt),
  nodes: fc.uniqueArray(fc.constantFrom('alpha', 'beta', 'gamma'), { minLength: 1 }),
  isComplete: fc.boolean(),
})
const strangers = fc.array(
  fc
    .oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('castellan.tar.gz', 'castellan_2026.set', 'photos.part', 'castellan_2026-11-30T02-30-00Z_.set'),
    )
    .filter((name) => parseStoredName(name) === undefined)
    .map((name) => file(name, 0)),
)

test('of any files only ours go, and as many complete sets stay as are to be kept, the newest ones', () => {
  fc.assert(
    fc.property(fc.array(anySet), strangers, fc.integer({ min: 1, max: 6 }), (made, others, retention) => {
      const sets = [...new Map(made.map((one) => [formatSetName(one.set), one])).values()]
      const files = [...sets.flatMap(({ set, ...how }) => filesOf(set, how)), ...others]
      const complete = sets.filter(({ isComplete }) => isComplete).map(({ set }) => set)
      const newest = complete.toSorted((a, b) => b.timeMs - a.timeMs)
      const [completed] = newest
      const removed = new Set(filesToRemove(files, { retention, nowMs, ...(completed && { completed }) }))
      for (const { name } of others) assert.ok(!removed.has(name))
      for (const [place, set] of newest.entries()) {
        const { nodes = [] } = sets.find((one) => one.set === set) ?? {}
        const names = [listNameOf(set), ...nodes.map((node) => archiveNameOf(set, node))]
        for (const name of names) assert.equal(removed.has(name), place >= retention, name)
      }
    }),
  )
})

test('the set that was just completed stays, even where a wrong clock makes it the oldest', () => {
  fc.assert(
    fc.property(
      fc.array(anyTime, { minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 3 }),
      (times, at, retention) => {
        const sets = [...new Set(times)].map(setAt)
        const completed = sets[at % sets.length]
        assert.ok(completed)
        const removed = filesToRemove(
          sets.flatMap((set) => filesOf(set)),
          { retention, nowMs, completed },
        )
        for (const { name } of filesOf(completed)) assert.ok(!removed.includes(name))
        assert.ok(removed.length / 2 <= Math.max(0, sets.length - retention))
      },
    ),
  )
})

test('a prune removes from the device what it should, and nothing twice', async () => {
  const device = new MemoryDevice('memory')
  const sets = daily(4)
  for (const set of sets) for (const { name } of filesOf(set)) device.put(name, 'x', set.timeMs)
  device.put('notes.txt', 'x', 0)
  const [completed] = sets
  assert.ok(completed)
  const rules = { retention: 1, nowMs, completed }
  assert.equal((await prune(device, rules, never)).length, 6)
  assert.deepEqual(await prune(device, rules, never), [])
  const left = (await device.list(never)).map(({ name }) => name).sort()
  assert.deepEqual(left, [archiveNameOf(completed, 'alpha'), listNameOf(completed), 'notes.txt'].sort())
})

test('before a backup the drafts of this node go at once, and those of others when they are older than a day', async () => {
  const device = new MemoryDevice('memory')
  const [today, old] = [setAt(nowMs - hourMs), setAt(nowMs - 25 * hourMs)]
  const names = [
    ...[today, old].flatMap((set) => ['alpha', 'beta'].map((node) => `${archiveNameOf(set, node)}.part`)),
    archiveNameOf(old, 'alpha'),
  ]
  for (const name of names) device.put(name, '', old.timeMs)
  const removed = await removeDrafts(device, { nowMs, ownNode: 'alpha' }, never)
  assert.deepEqual(
    removed.sort(),
    [
      `${archiveNameOf(today, 'alpha')}.part`,
      `${archiveNameOf(old, 'alpha')}.part`,
      `${archiveNameOf(old, 'beta')}.part`,
    ].sort(),
  )
})

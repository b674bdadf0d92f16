import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RowOf } from '../../../lib/mib/declare.ts'
import { serve } from '../../../lib/mib/module.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { findStanza } from '../../../subagents/sysappl/dpkg.ts'
import { currentState, type ElementProcess, Invocations, type Roles } from '../../../subagents/sysappl/invocations.ts'
import { Ledger } from '../../../subagents/sysappl/ledger.ts'
import { ProgramMatcher } from '../../../subagents/sysappl/match.ts'
import { sysApplPastRunTable } from '../../../subagents/sysappl/mib.ts'
import { PastRows } from '../../../subagents/sysappl/past.ts'
import type { RoleBit } from '../../../subagents/sysappl/syntax.ts'
import { parsePasswd } from '../../../subagents/sysappl/users.ts'

const arguments_ = (...words: string[]): string => words.map((word) => `${word}\0`).join('')

test('a process is the program it executes, or the script that its interpreter was given, and nothing that it only names', () => {
  const program = (elementIndex: number, path: string, realPath = path) => ({
    packageIndex: 1,
    elementIndex,
    path,
    realPath,
  })
  const matcher = new ProgramMatcher([
    program(1, '/bin/sshd', '/usr/bin/sshd'),
    program(2, '/opt/a/main.js'),
    program(3, '/opt/a/main.js'),
  ])
  const find = (executable: string | undefined, ...words: string[]) =>
    matcher.find({ executable, commandLine: arguments_(...words) })?.elementIndex
  assert.equal(find('/usr/bin/sshd', 'sshd: ann [priv]'), 1, 'by the file that the kernel runs')
  assert.equal(find('/usr/bin/sshd (deleted)', 'sshd'), 1, 'replaced on the disk since')
  assert.equal(find(undefined, 'sshd: /usr/bin/sshd -D [listener]'), 1, 'of another user, by its title')
  assert.equal(find(undefined, '/bin/sshd', '-D'), 1)
  assert.equal(find('/usr/bin/node', 'node', '/opt/a/main.js', '--home', '/x'), 2, 'of two elements the first')
  assert.equal(find('/usr/bin/node', 'node', '--max-semi-space-size=2', '/opt/a/main.js'), 2)
  assert.equal(find('/usr/bin/node', 'node', '--import', '/opt/hook.js', '/opt/a/main.js'), 2)
  assert.equal(find(undefined, 'node', '/opt/a/main.js'), 2)
  assert.equal(find('/usr/bin/python3.13', 'python3', '/opt/a/main.js'), 2)
  assert.equal(find('/usr/bin/node', 'node', '/opt/b.js', '/opt/a/main.js'), undefined, 'an argument of another script')
  assert.equal(find('/usr/bin/less', 'less', '/opt/a/main.js'), undefined)
  assert.equal(find('/opt/other', '/bin/sshd'), undefined, 'what it calls itself is not what it is')
  assert.equal(find(undefined, ''), undefined)
  assert.equal(matcher.find({ executable: undefined, commandLine: '' }), undefined)
})

const roles = (of: Readonly<Record<number, readonly RoleBit[]>>, isInstalled = true): Roles => ({
  roleOf: (_, element) => new Set(of[element]),
  requiredOf: () =>
    Object.keys(of)
      .map(Number)
      .filter((element) => of[element]!.includes('required')),
  isInstalled: () => isInstalled,
})
const process = (pid: number, elementIndex: number, more: Partial<ElementProcess> = {}): ElementProcess => ({
  pid,
  startTicks: pid,
  startedMs: pid * 10,
  state: 'waiting',
  packageIndex: 7,
  elementIndex,
  ...more,
})
const childOf = (parents: Readonly<Record<number, number>>) => (pid: number) => parents[pid] ?? 1
const daemonAndWorker = roles({ 1: ['primary', 'required'], 2: [] })

test('children of a primary process belong to its invocation, through processes that are none of its elements', () => {
  const invocations = new Invocations()
  const parents = { 11: 10, 12: 99, 99: 10, 21: 20 }
  const all = [process(11, 1), process(10, 1), process(12, 2), process(20, 1), process(21, 2)]
  invocations.poll(all, daemonAndWorker, childOf(parents))
  const runOf = (pid: number) => invocations.invocationOf(pid)?.runIndex
  assert.deepEqual([10, 11, 12].map(runOf), [1, 1, 1])
  assert.deepEqual([20, 21].map(runOf), [2, 2])
})

test('an element without ancestors joins the one invocation there is, and none when there are several', () => {
  const invocations = new Invocations()
  invocations.poll([process(10, 1), process(12, 2)], daemonAndWorker, childOf({}))
  assert.equal(invocations.invocationOf(12)?.runIndex, 1)
  invocations.poll([process(10, 1), process(12, 2), process(20, 1), process(22, 2)], daemonAndWorker, childOf({}))
  assert.equal(invocations.invocationOf(12)?.runIndex, 1, 'it stays where it is')
  assert.equal(invocations.invocationOf(22), undefined)
})

test('of an exclusive element an invocation has one copy: a second primary process is a second invocation', () => {
  const invocations = new Invocations()
  const exclusive = roles({ 1: ['primary', 'exclusive'] })
  invocations.poll([process(10, 1), process(11, 1)], exclusive, childOf({ 11: 10 }))
  assert.deepEqual(
    [...invocations.running()].map(({ members }) => [...members.keys()]),
    [[10], [11]],
  )
})

test('with unknown(5) set, primary and required have no meaning', () => {
  const invocations = new Invocations()
  invocations.poll([process(10, 1)], roles({ 1: ['primary', 'required', 'unknown'] }), childOf({}))
  assert.deepEqual([...invocations.running()], [])
})

test('exit states: all gone is complete, required ones missing twice is failed, a package that goes is other', () => {
  const ends = (polls: readonly (readonly ElementProcess[])[], last: Roles = daemonAndWorker) => {
    const invocations = new Invocations()
    const states: string[] = []
    for (const [at, processes] of polls.entries()) {
      const { ended } = invocations.poll(processes, at === polls.length - 1 ? last : daemonAndWorker, childOf({}))
      for (const { exitState } of ended) states.push(exitState)
      for (const invocation of invocations.running()) states.push(invocation.phase)
    }
    return states.join(' ')
  }
  const [both, workerAlone] = [[process(10, 1), process(12, 2)], [process(12, 2)]]
  assert.equal(ends([both, []]), 'running complete')
  assert.equal(ends([both, workerAlone, []]), 'running exiting complete')
  assert.equal(ends([both, workerAlone, workerAlone]), 'running exiting failed')
  assert.equal(ends([both, both], roles({ 1: ['primary'] }, false)), 'running other')
})

test('an application that starts has two polls to start what it requires, and one that lost it may have it back', () => {
  const invocations = new Invocations()
  const needsTwo = roles({ 1: ['primary', 'required'], 2: ['required'] })
  const poll = (...processes: ElementProcess[]) => {
    invocations.poll(processes, needsTwo, childOf({}))
    return [...invocations.running()].map((invocation) => `${invocation.phase} ${currentState(invocation)}`).join()
  }
  assert.equal(poll(process(10, 1)), 'settling waiting')
  assert.equal(poll(process(10, 1)), 'exiting exiting')
  assert.equal(poll(process(10, 1), process(11, 2, { state: 'runnable' })), 'running runnable')
  assert.equal(poll(process(10, 1)), 'exiting exiting')
  assert.equal(poll(process(10, 1), process(13, 2, { state: 'running' })), 'running running')
})

test('a PID that another process has now is that of a process that ended', () => {
  const invocations = new Invocations()
  invocations.poll([process(10, 1)], daemonAndWorker, childOf({}))
  const { ended, endedProcesses } = invocations.poll(
    [process(10, 1, { startTicks: 500 })],
    daemonAndWorker,
    childOf({}),
  )
  assert.deepEqual(
    ended.map(({ invocation }) => invocation.runIndex),
    [1],
  )
  assert.deepEqual(
    endedProcesses.map((one) => one.process.startTicks),
    [10],
  )
  assert.equal(invocations.invocationOf(10)?.runIndex, 2)
})

test('a past row replaces one of its index, and rows told out of order go in the order of their ends', () => {
  const { table } = serve(sysApplPastRunTable)
  const past = new PastRows<RowOf<typeof sysApplPastRunTable>>(
    table,
    (a, b) => a.sysApplPastRunIndex === b.sysApplPastRunIndex,
  )
  const add = (sysApplPastRunIndex: number, endedMs: number): void =>
    past.add(
      {
        sysApplInstallPkgIndex: 1,
        sysApplPastRunIndex,
        sysApplPastRunExitState: 'complete',
        sysApplPastRunTimeEnded: new Date(endedMs),
      },
      endedMs,
      2,
    )
  const shown = () => [...table.rows()].map((row) => row.sysApplPastRunIndex)
  add(1, 300)
  add(2, 100)
  add(1, 200)
  assert.deepEqual(shown(), [1, 2])
  assert.equal(past.removedForRoom, 0)
  add(3, 250)
  assert.deepEqual(shown(), [1, 3], 'the one that ended first went')
  assert.equal(past.removedForRoom, 1)
  past.removeOlder(250)
  assert.deepEqual(shown(), [3])
  past.keepAtMost(0)
  assert.deepEqual(shown(), [])
})

test('the stanza of a package is found among those that only contain its name', () => {
  const status = readFileSync(join(programRoot, 'test/fixtures/proc/machine/dpkg/status'))
  const names = [...status.toString().matchAll(/^Package: (.*)$/gm)].map(([, name]) => name!)
  for (const name of names) assert.match(findStanza(status, name)!, new RegExp(`^Package: ${name}\n`))
  assert.equal(findStanza(status, `${names[0]}-no`), undefined)
  assert.equal(
    findStanza(Buffer.from('Description: x\n Package: a\n\nPackage: a\nVersion: 1'), 'a'),
    'Package: a\nVersion: 1',
  )
})

test('users have the first name that passwd gives their number', () => {
  const names = parsePasswd(
    'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n\nbad:x:-1:0\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n',
  )
  assert.deepEqual(
    [...names],
    [
      [0, 'root'],
      [1000, 'ann'],
    ],
  )
})

test('a ledger takes no record that could give a number twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'castellan-ledger-'))
  const path = join(folder, 'sysappl.json')
  const ledger = new Ledger(path)
  const seen = { version: '1', octets: 5, installedMs: 6 }
  assert.equal(ledger.packageIndex('a'), 1)
  assert.equal(ledger.element('a', '/x', seen).index, 1)
  ledger.setRole('a', '/x', new Set(['primary']))
  await ledger.save()
  const again = new Ledger(path)
  await again.load()
  assert.deepEqual([again.packageIndex('b'), again.packageIndex('a'), again.element('b', '/x', seen).index], [2, 1, 2])
  assert.deepEqual(again.roleOf('a', '/x'), new Set(['primary']))
  for (const content of ['[]', '{', '{"nextPackage":1,"nextElement":1,"packages":{"a":1},"elements":{}}', 'null']) {
    await writeFile(path, content)
    await assert.rejects(new Ledger(path).load(), content)
  }
  await rm(folder, { recursive: true })
})

import assert from 'node:assert/strict'
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bootMs, type FakeProcess, makeMachine, startSysappl } from './support.ts'

type Sysappl = Awaited<ReturnType<typeof startSysappl>>

const role = '1.3.6.1.2.1.54.1.1.2.1.8'
const limit = (number: number): string => `1.3.6.1.2.1.54.1.2.${number}`
const bits = (octet: number) => ({ type: 'OctetString', value: Uint8Array.of(octet) }) as const
const number = (value: number) => ({ type: 'Gauge32', value }) as const

const packageOf = (sysappl: Sysappl, name: string) =>
  sysappl.row('sysApplInstallPkgTable', 'sysApplInstallPkgProductName', name)
const indexOf = (sysappl: Sysappl, name: string) => packageOf(sysappl, name)!.sysApplInstallPkgIndex as number
const elementsOf = (sysappl: Sysappl, name: string) =>
  sysappl
    .rows('sysApplInstallElmtTable')
    .filter((row) => row.sysApplInstallPkgIndex === packageOf(sysappl, name)?.sysApplInstallPkgIndex)
const processRow = (sysappl: Sysappl, pid: number) => sysappl.row('sysApplElmtRunTable', 'sysApplElmtRunIndex', pid)
const runsOf = (sysappl: Sysappl, name: string) =>
  sysappl.rows('sysApplRunTable').filter((row) => row.sysApplInstallPkgIndex === indexOf(sysappl, name))
const isInstalled = (sysappl: Sysappl) => () => sysappl.rows('sysApplInstallPkgTable').length >= 4

const node = (script: string, more: FakeProcess | object = {}): FakeProcess => ({
  command: ['/usr/bin/node', '--max-semi-space-size=2', script, '--home', '/var/lib/castellan'],
  executable: '/usr/bin/node',
  ...more,
})

test('Castellan itself is installed as its disk has it: a package for each daemon, version, paths, sizes and dates', async () => {
  const machine = makeMachine()
  const sysappl = await startSysappl(machine)
  await sysappl.pass(isInstalled(sysappl))
  const names = sysappl.rows('sysApplInstallPkgTable').map((row) => row.sysApplInstallPkgProductName)
  assert.deepEqual(names, ['castellan', 'castellan-agent', 'castellan-subagents', 'castellan-sipd'])
  const sipd = packageOf(sysappl, 'castellan-sipd')!
  assert.equal(sipd.sysApplInstallPkgVersion, '1.2.3')
  assert.equal(sipd.sysApplInstallPkgLocation, machine.program)
  assert.ok(sipd.sysApplInstallPkgDate instanceof Date)
  const [main, worker] = elementsOf(sysappl, 'castellan-sipd')
  assert.equal(main!.sysApplInstallElmtName, 'main.js')
  assert.equal(main!.sysApplInstallElmtPath, join(machine.program, 'dist/sipd'))
  assert.equal(worker!.sysApplInstallElmtPath, join(machine.program, 'dist/sipd/worker'))
  assert.deepEqual(main!.sysApplInstallElmtRole, new Set(['executable', 'primary', 'required']))
  const { size, mtimeMs } = statSync(join(machine.program, 'dist/sipd/main.js'))
  assert.deepEqual([main!.sysApplInstallElmtSizeHigh, main!.sysApplInstallElmtSizeLow], [0, size])
  assert.ok(Math.abs((main!.sysApplInstallElmtModifyDate as Date).getTime() - mtimeMs) < 1)
  const documents = elementsOf(sysappl, 'castellan').map((row) => [
    row.sysApplInstallElmtName,
    row.sysApplInstallElmtType,
  ])
  assert.deepEqual(documents, [
    ['getone', 'application'],
    ['package.json', 'nonexecutable'],
    ['CASTELLAN-SMI.txt', 'nonexecutable'],
  ])
  await sysappl.stop()
  await machine.remove()
})

test('numbers of packages and elements outlive a restart, and are not given again; a first size stays until the next version', async () => {
  const machine = makeMachine()
  const main = join(machine.program, 'dist/sipd/main.js')
  const extra = {
    castellanApplPackageName: 'extra',
    castellanApplPackageManufacturer: '',
    castellanApplPackageVersion: '1',
  }
  const declare = (sysappl: Sysappl, name: string): void =>
    sysappl.configure('castellanApplPackageTable', {
      ...extra,
      castellanApplPackageName: name,
      castellanApplPackageLocation: '',
      castellanApplPackageDpkg: '',
    })
  const first = await startSysappl(machine)
  declare(first, 'extra')
  await first.pass(() => packageOf(first, 'extra') !== undefined)
  const before = first
    .rows('sysApplInstallElmtTable')
    .map((row) => [row.sysApplInstallElmtIndex, row.sysApplInstallElmtPath])
  const extraIndex = indexOf(first, 'extra')
  const [{ sysApplInstallElmtSizeLow: firstOctets }] = elementsOf(first, 'castellan-sipd') as [Record<string, number>]
  await first.stop()

  writeFileSync(main, '// a longer program than it was\n')
  const second = await startSysappl(machine)
  declare(second, 'another')
  await second.pass(() => packageOf(second, 'another') !== undefined)
  const after = second
    .rows('sysApplInstallElmtTable')
    .map((row) => [row.sysApplInstallElmtIndex, row.sysApplInstallElmtPath])
  assert.deepEqual(after, before)
  assert.equal(packageOf(second, 'extra'), undefined)
  assert.equal(indexOf(second, 'another'), extraIndex + 1, 'the number of the one that went is not used again')
  const [element] = elementsOf(second, 'castellan-sipd')
  assert.equal(element!.sysApplInstallElmtSizeLow, firstOctets)
  assert.equal(element!.sysApplInstallElmtCurSizeLow, statSync(main).size)
  await second.stop()

  machine.put('opt/castellan/package.json', '{ "version": "1.3.0" }')
  const third = await startSysappl(machine)
  await third.pass(isInstalled(third))
  const [renewed] = elementsOf(third, 'castellan-sipd')
  assert.equal(renewed!.sysApplInstallElmtSizeLow, statSync(main).size)
  assert.equal(renewed!.sysApplInstallElmtIndex, element!.sysApplInstallElmtIndex)
  await third.stop()
  await machine.remove()
})

test('numbers that cannot be read are given again, with one line that says so', async () => {
  const machine = makeMachine()
  machine.put('home/data/agent/sysappl.json', '{"packages":[]}')
  const sysappl = await startSysappl(machine)
  await sysappl.pass(isInstalled(sysappl))
  assert.equal(indexOf(sysappl, 'castellan'), 1)
  assert.equal(sysappl.lines.length, 1)
  assert.match(sysappl.lines[0]!, /numbers of packages could not be read/)
  await sysappl.stop()
  await machine.remove()
})

test('a package of sysappl.cnf has version and date of its Debian package; what is not there has no row, and one line tells', async () => {
  const machine = makeMachine()
  machine.put('usr/sbin/sshd', 'a program')
  machine.put('dpkg/info/openssh-server.list', '/.\n')
  machine.put(
    'dpkg/status',
    'Package: openssh-server-extra\nStatus: install ok installed\nVersion: 9\n\n' +
      'Package: openssh-server\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:10.0p1-7\n\n' +
      'Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n',
  )
  const sysappl = await startSysappl(machine)
  const declare = (name: string, dpkg: string): void =>
    sysappl.configure('castellanApplPackageTable', {
      castellanApplPackageName: name,
      castellanApplPackageManufacturer: 'OpenBSD',
      castellanApplPackageVersion: '',
      castellanApplPackageLocation: '/usr/sbin',
      castellanApplPackageDpkg: dpkg,
    })
  const element = (at: number, path: string, name = 'openssh'): void =>
    sysappl.configure('castellanApplElementTable', {
      castellanApplPackageName: name,
      castellanApplElementNumber: at,
      castellanApplElementPath: path,
      castellanApplElementType: 'application',
      castellanApplElementRole: new Set(['executable', 'primary', 'required']),
    })
  declare('openssh', 'openssh-server')
  declare('removed', 'gone')
  element(1, join(machine.root, 'usr/sbin/sshd'))
  element(2, join(machine.root, 'usr/sbin/no-such-program'))
  element(3, join(machine.root, 'dpkg/status')) // a second primary one
  element(1, '/usr/bin/orphan', 'nobody')
  declare('castellan-sipd', '')
  await sysappl.pass(() => elementsOf(sysappl, 'openssh').length === 2)
  const roles = elementsOf(sysappl, 'openssh').map((row) => (row.sysApplInstallElmtRole as Set<string>).has('primary'))
  assert.deepEqual(roles, [true, false])
  assert.equal(packageOf(sysappl, 'castellan-sipd')!.sysApplInstallPkgVersion, '1.2.3', 'ours stays ours')
  const openssh = packageOf(sysappl, 'openssh')!
  assert.equal(openssh.sysApplInstallPkgVersion, '1:10.0p1-7')
  const { mtimeMs } = statSync(join(machine.root, 'dpkg/info/openssh-server.list'))
  assert.ok(Math.abs((openssh.sysApplInstallPkgDate as Date).getTime() - mtimeMs) < 1)
  assert.equal(packageOf(sysappl, 'removed'), undefined)
  await sysappl.passSeconds(300)
  const told = sysappl.lines.filter((line) => line.includes('no-such-program'))
  assert.equal(told.length, 1, sysappl.lines.join(''))
  for (const part of ['gone (not installed)', '/usr/bin/orphan (without', 'castellan-sipd (a package of'])
    assert.ok(told[0]!.includes(part), part)
  await sysappl.stop()
  await machine.remove()
})

test('every process has its rows: elements known by program or script, others under 0.0, with user, files and start', async () => {
  const machine = makeMachine()
  const main = join(machine.program, 'dist/sipd/main.js')
  machine.run(1, { command: ['/sbin/init'] })
  machine.run(
    50,
    node(main, { user: 990, cpuTicks: 42, files: ['/var/log/a', 'socket:[7]', '/dev/null', '/var/log/b'] }),
  )
  machine.run(51, { command: ['/usr/bin/vi', main], executable: '/usr/bin/vi', user: 4711 })
  machine.run(52, node(join(machine.program, 'bin/getone')))
  const sysappl = await startSysappl(machine)
  await sysappl.pass(() => sysappl.rows('sysApplElmtRunTable').length === 4)
  const sipd = indexOf(sysappl, 'castellan-sipd')
  const [element] = elementsOf(sysappl, 'castellan-sipd')
  const [run] = runsOf(sysappl, 'castellan-sipd')
  assert.equal((run!.sysApplRunStarted as Date).getTime(), bootMs + 500)
  assert.deepEqual(processRow(sysappl, 50), {
    sysApplElmtRunInstallPkg: sipd,
    sysApplElmtRunInvocID: run!.sysApplRunIndex,
    sysApplElmtRunIndex: 50,
    sysApplElmtRunInstallID: element!.sysApplInstallElmtIndex,
    sysApplElmtRunTimeStarted: new Date(bootMs + 500),
    sysApplElmtRunState: 'waiting',
    sysApplElmtRunName: main,
    sysApplElmtRunParameters: `--max-semi-space-size=2 ${main} --home /var/lib/castellan`,
    sysApplElmtRunCPU: 42,
    sysApplElmtRunMemory: 100,
    sysApplElmtRunNumFiles: 2,
    sysApplElmtRunUser: 'sipd',
  })
  const other = processRow(sysappl, 51)!
  assert.deepEqual(
    [other.sysApplElmtRunInstallPkg, other.sysApplElmtRunInvocID, other.sysApplElmtRunInstallID],
    [0, 0, 0],
  )
  assert.deepEqual([other.sysApplElmtRunUser, other.sysApplElmtRunNumFiles], ['4711', undefined])
  const tool = processRow(sysappl, 52)!
  assert.equal(tool.sysApplElmtRunInstallPkg, 0, 'a tool is no run of an application')
  assert.notEqual(tool.sysApplElmtRunInstallID, 0, 'but an installed element')
  machine.run(50, node(main, { user: 0, files: ['/var/log/a'] }))
  machine.run(51, { command: ['/usr/bin/vi', main], executable: '/usr/bin/vi', user: 990, files: [] })
  await sysappl.pass(() => processRow(sysappl, 50)!.sysApplElmtRunNumFiles === 1)
  await sysappl.pass(() => processRow(sysappl, 51)!.sysApplElmtRunNumFiles === 0) // when it has its turn
  assert.deepEqual(
    [50, 51].map((pid) => processRow(sysappl, pid)!.sysApplElmtRunUser),
    ['root', 'sipd'],
  )
  const map = sysappl
    .rows('sysApplMapTable')
    .map((row) => [
      row.sysApplElmtRunIndex,
      row.sysApplElmtRunInvocID,
      row.sysApplMapInstallElmtIndex,
      row.sysApplMapInstallPkgIndex,
    ])
  assert.deepEqual(map, [
    [1, 0, 0, 0],
    [50, run!.sysApplRunIndex, element!.sysApplInstallElmtIndex, sipd],
    [51, 0, 0, 0],
    [52, 0, 0, 0],
  ])
  await sysappl.stop()
  await machine.remove()
})

test('an application that ends whole is complete, its processes past with the time at which each was gone', async () => {
  const machine = makeMachine()
  const [main, worker] = ['main.js', 'worker/main.js'].map((name) => join(machine.program, 'dist/sipd', name))
  machine.run(50, node(main!))
  machine.run(60, node(worker!, { parent: 50 }))
  machine.run(70, node(main!)) // of another appliance on this machine
  machine.run(71, node(worker!, { parent: 70 }))
  const sysappl = await startSysappl(machine, 60)
  const invocationOf = (pid: number) => processRow(sysappl, pid)?.sysApplElmtRunInvocID
  // A poll goes on in slices: the rows of the workers may come after those of the invocations.
  await sysappl.pass(() => [50, 60, 70, 71].every((pid) => Number(invocationOf(pid) ?? 0) > 0))
  assert.equal(runsOf(sysappl, 'castellan-sipd').length, 2)
  assert.equal(invocationOf(50), invocationOf(60))
  assert.equal(invocationOf(70), invocationOf(71))
  assert.notEqual(invocationOf(50), invocationOf(70))
  const ended = invocationOf(50)
  machine.end(60)
  const endMs = sysappl.clock.now()
  await sysappl.passSeconds(4)
  machine.end(50)
  await sysappl.pass(() => sysappl.rows('sysApplPastRunTable').length === 1)
  const [past] = sysappl.rows('sysApplPastRunTable')
  assert.equal(past!.sysApplPastRunIndex, ended)
  assert.equal(past!.sysApplPastRunExitState, 'complete')
  assert.equal(runsOf(sysappl, 'castellan-sipd').length, 1)
  const [parentRow, workerRow] = sysappl.rows('sysApplElmtPastRunTable')
  assert.deepEqual([parentRow!.sysApplElmtPastRunIndex, workerRow!.sysApplElmtPastRunIndex], [50, 60])
  const workerEndMs = (workerRow!.sysApplElmtPastRunTimeEnded as Date).getTime()
  assert.ok(workerEndMs - endMs <= 2500, 'a listing is every two seconds, though a poll is every sixty')
  assert.ok((parentRow!.sysApplElmtPastRunTimeEnded as Date).getTime() > workerEndMs)
  await sysappl.stop()
  await machine.remove()
})

test('an application whose required element is gone is exiting at one poll and failed at the next, while others go on', async () => {
  const machine = makeMachine()
  const [main, worker] = ['main.js', 'worker/main.js'].map((name) => join(machine.program, 'dist/sipd', name))
  machine.run(50, node(main!))
  machine.run(60, node(worker!, { parent: 50, state: 'R' }))
  const sysappl = await startSysappl(machine)
  await sysappl.pass(() => sysappl.rows('sysApplRunTable').length === 1)
  assert.equal(sysappl.rows('sysApplRunTable')[0]!.sysApplRunCurrentState, 'running', 'as its liveliest process')
  machine.run(50, node(main!, { state: 'Z' })) // a zombie is no running element
  await sysappl.pass(() => sysappl.rows('sysApplRunTable')[0]?.sysApplRunCurrentState === 'exiting')
  assert.equal(processRow(sysappl, 50)!.sysApplElmtRunState, 'exiting')
  assert.equal(sysappl.rows('sysApplPastRunTable').length, 0)
  await sysappl.pass(() => sysappl.rows('sysApplPastRunTable').length === 1)
  assert.equal(sysappl.rows('sysApplPastRunTable')[0]!.sysApplPastRunExitState, 'failed')
  assert.equal(sysappl.rows('sysApplRunTable').length, 0)
  await sysappl.pass(() => processRow(sysappl, 60)!.sysApplElmtRunInvocID === 0)
  machine.end(50)
  machine.run(80, node(main!, { startTicks: 9000 }))
  await sysappl.pass(() => processRow(sysappl, 60)!.sysApplElmtRunInvocID !== 0)
  assert.equal(processRow(sysappl, 60)!.sysApplElmtRunInvocID, processRow(sysappl, 80)!.sysApplElmtRunInvocID)
  await sysappl.stop()
  await machine.remove()
})

test('past tables hold no more rows than they may, the oldest going first and being counted, and none older than it may be', async () => {
  const machine = makeMachine()
  const main = join(machine.program, 'dist/sipd/main.js')
  const sysappl = await startSysappl(machine)
  await sysappl.pass(isInstalled(sysappl))
  assert.equal(await sysappl.set([limit(5), [0], number(3)], [limit(8), [0], number(2)]), undefined)
  for (let pid = 50; pid < 55; pid++) {
    machine.run(pid, node(main))
    await sysappl.pass(() => processRow(sysappl, pid) !== undefined)
    machine.end(pid)
    await sysappl.pass(() => processRow(sysappl, pid) === undefined)
  }
  const past = () => sysappl.rows('sysApplPastRunTable').map((row) => row.sysApplPastRunIndex)
  const pastElements = () => sysappl.rows('sysApplElmtPastRunTable').map((row) => row.sysApplElmtPastRunIndex)
  assert.deepEqual(past(), [3, 4, 5], 'the first two went')
  assert.deepEqual(pastElements(), [53, 54])
  assert.deepEqual(
    [sysappl.live('sysApplPastRunTableRemItems'), sysappl.live('sysApplElemPastRunTableRemItems')],
    [2, 3],
  )
  assert.equal(await sysappl.set([limit(5), [0], number(1)]), undefined)
  assert.deepEqual(past(), [5], 'a lower limit holds at once')
  assert.equal(sysappl.live('sysApplPastRunTableRemItems'), 4)
  assert.equal(await sysappl.set([limit(10), [0], number(30)]), undefined)
  await sysappl.pass(() => pastElements().length === 0)
  assert.equal(sysappl.live('sysApplElemPastRunTableRemItems'), 3, 'age is not counted')
  assert.deepEqual(past(), [5], 'the other table has a limit of its own')
  await sysappl.passSeconds(7200)
  assert.deepEqual(past(), [])
  assert.equal(await sysappl.set([limit(5), [0], number(10_001)]), 'wrongValue')
  await sysappl.stop()
  await machine.remove()
})

test('a role that a manager sets decides from the next poll on and outlives a restart; a second primary is refused', async () => {
  const machine = makeMachine()
  const getone = join(machine.program, 'bin/getone')
  machine.run(52, node(getone))
  const sysappl = await startSysappl(machine)
  await sysappl.pass(() => processRow(sysappl, 52) !== undefined)
  assert.deepEqual(runsOf(sysappl, 'castellan'), [])
  const [tool, document] = elementsOf(sysappl, 'castellan')
  const instance = (row: typeof tool) => [row!.sysApplInstallPkgIndex, row!.sysApplInstallElmtIndex] as number[]
  assert.equal(await sysappl.set([role, instance(tool), bits(0xa0)]), undefined)
  await sysappl.pass(() => runsOf(sysappl, 'castellan').length === 1)
  assert.equal(await sysappl.set([role, instance(document), bits(0x20)]), 'inconsistentValue')
  assert.equal(
    await sysappl.set([role, instance(document), bits(0x24)]),
    undefined,
    'with unknown, primary means nothing',
  )
  await sysappl.stop()
  const again = await startSysappl(machine)
  await again.pass(isInstalled(again))
  assert.deepEqual(elementsOf(again, 'castellan')[0]!.sysApplInstallElmtRole, new Set(['executable', 'primary']))
  await again.stop()
  await machine.remove()
})

test('a role that cannot be saved is not taken', async () => {
  const machine = makeMachine()
  const sysappl = await startSysappl(machine)
  await sysappl.pass(isInstalled(sysappl))
  const data = join(machine.root, 'home/data/agent')
  await sysappl.passSeconds(2)
  rmSync(data, { recursive: true })
  symlinkSync('/proc/self/no-such-folder', data) // where nothing can be made, by root neither
  const [tool] = elementsOf(sysappl, 'castellan')
  const instance = [tool!.sysApplInstallPkgIndex, tool!.sysApplInstallElmtIndex] as number[]
  assert.equal(await sysappl.set([role, instance, bits(0xa0)]), 'commitFailed')
  assert.deepEqual(elementsOf(sysappl, 'castellan')[0]!.sysApplInstallElmtRole, new Set(['executable']))
  rmSync(data)
  mkdirSync(data)
  await sysappl.passSeconds(120)
  assert.deepEqual(elementsOf(sysappl, 'castellan')[0]!.sysApplInstallElmtRole, new Set(['executable']))
  await sysappl.stop()
  await machine.remove()
})

test('without /proc the installed tables are there, and nothing runs; what /proc lacks leaves columns out', async () => {
  const machine = makeMachine()
  const main = join(machine.program, 'dist/sipd/main.js')
  rmSync(join(machine.root, 'proc'), { recursive: true })
  const sysappl = await startSysappl(machine)
  await sysappl.pass(isInstalled(sysappl))
  await sysappl.passSeconds(120)
  assert.deepEqual([...sysappl.rows('sysApplElmtRunTable'), ...sysappl.rows('sysApplRunTable')], [])
  assert.deepEqual(sysappl.lines, [])
  machine.run(50, node(main))
  rmSync(join(machine.root, 'proc/50/status'))
  await sysappl.pass(() => processRow(sysappl, 50) !== undefined)
  const { sysApplElmtRunTimeStarted, sysApplElmtRunUser } = processRow(sysappl, 50)!
  assert.deepEqual([sysApplElmtRunTimeStarted, sysApplElmtRunUser], [undefined, ''])
  assert.equal(runsOf(sysappl, 'castellan-sipd').length, 1)
  await sysappl.stop()
  await machine.remove()
})

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { ConfigFile } from '../../../lib/mib/config.ts'
import { anyDefinition } from '../../../lib/mib/declare.ts'
import { instanceOf } from '../../../lib/mib/instance.ts'
import type { AnyRow } from '../../../lib/mib/served.ts'
import { sessionMembers } from '../../../lib/proc/session.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { scriptModule } from '../../../subagents/script/index.ts'
import { smLaunchTable, smRunTable, smScriptTable } from '../../../subagents/script/mib.ts'
import { until } from '../../support/appliance.ts'

let folder: string
const stops: (() => Promise<void>)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'script-'))
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  rmSync(folder, { recursive: true, force: true })
})

const text = (octets: unknown): string => Buffer.from(octets as Uint8Array).toString('utf8')
const definitions = [smScriptTable, smLaunchTable, smRunTable].map(anyDefinition)

/** The module with these lines as its scripts.cnf, asked and set as the agent does it, row by row. */
async function open(...lines: string[]) {
  const path = join(folder, 'scripts.cnf')
  writeFileSync(path, `${lines.join('\n')}\n`)
  const { module, configured, rules } = scriptModule(resolveHome(folder))
  const file = new ConfigFile(configured, { path, overlayPath: join(folder, 'overlay.cnf') })
  assert.deepEqual(await file.load(), [])
  const backend = new ModuleBackend(module, { log: silentLog, rules, persist: (changes) => file.persist(changes) })
  const told: string[] = []
  const running = new AbortController()
  const start = () =>
    backend.start({
      clock: systemClock,
      log: silentLog,
      signal: running.signal,
      upTimeTicks: () => 0,
      notify: (notification, _index, _values, sentence) => told.push(`${notification.name}: ${sentence}`),
    })
  await start()
  stops.push(() => backend.stop())

  /** A change is a column's name with the index of its row, and the value. */
  const prepare = (index: AnyRow, changes: AnyRow) => {
    const varbinds = Object.entries(changes).map(([name, value], i) => {
      const column = definitions.map(({ columns }) => columns[name]).find((found) => found !== undefined)!
      const instance = instanceOf(column.home, index)
      return { name: [...column.oid, ...instance], value: column.syntax.toSnmp(value), position: i + 1 }
    })
    return { part: backend.prepareSet(varbinds), names: Object.keys(changes) }
  }
  /** Sets as an agent does; gives `noError`, or the error and the column it is about. */
  const set = async (index: AnyRow, changes: AnyRow): Promise<string> => {
    const { part, names } = prepare(index, changes)
    const failure = (await part.test()) ?? (await part.commit())
    if (failure) return `${failure.status} ${names[failure.position - 1]}`
    part.finish()
    return 'noError'
  }
  /** What a manager reads. */
  const read = (name: string, index: AnyRow): unknown => {
    const objects = module.tables.flatMap(({ table }) => table.objects)
    const object = objects.find(({ bound }) => bound.name === name)!
    const instance = instanceOf(object.bound.home, index)
    const at = object.find(instance, 0, instance.length)
    if (at < 0) return undefined
    const decoded = object.bound.syntax.fromSnmp(object.valueAt(at))
    return 'value' in decoded ? decoded.value : decoded.error
  }
  const reaches = (state: string, index: AnyRow, withinMs = 3000) =>
    until(() => read('smRunState', index) === state, withinMs, `state ${state} of run ${JSON.stringify(index)}`)
  return { backend, start, prepare, set, read, reaches, told, path }
}

const launch = { smLaunchOwner: 'C', smLaunchName: 'D' }
const script = { smScriptOwner: 'A', smScriptName: 'B' }
const run = (smRunIndex: number) => ({ ...launch, smRunIndex })
const shellScript = (command: string, rest = '') =>
  `smScriptEntry A B "unit" 2 enabled nonVolatile "${command.replace(/["\\]/g, '\\$&')}" ${rest}`
const launchEntry = (maxRunning = 1, maxCompleted = 5, status = 'enabled', argument = '-', times = '3000 3000') =>
  `smLaunchEntry C D A B ${argument} ${maxRunning} ${maxCompleted} ${times} ${status} nonVolatile`

test('setting smLaunchStart to 0 runs the script, and the run shows what became of it', async () => {
  const { set, read, reaches } = await open(shellScript('echo "got $1"'), launchEntry(1, 5, 'enabled', '"\'a  b\'"'))
  assert.equal(read('smScriptOperStatus', script), 'enabled')
  assert.equal(read('smLaunchOperStatus', launch), 'enabled')
  assert.equal(read('smLaunchStart', launch), 0)
  assert.equal(await set(launch, { smLaunchStart: 0 }), 'noError')
  assert.equal(read('smLaunchStart', launch), 1)
  assert.equal(read('smRunEndTime', run(1)), 'never', 'the zero DateAndTime')
  await reaches('terminated', run(1))
  assert.equal(text(read('smRunResult', run(1))), 'got a  b')
  assert.equal(text(read('smRunArgument', run(1))), "'a  b'")
  assert.equal(read('smRunExitCode', run(1)), 'noError')
  assert.equal(read('smRunLifeTime', run(1)), 0)
  assert.ok(read('smRunEndTime', run(1)) instanceof Date)
  assert.ok(read('smRunResultTime', run(1)) instanceof Date)
  assert.equal(read('smRunErrorTime', run(1)), 'never')
  const left = read('smRunExpireTime', run(1)) as number
  assert.ok(left > 2000 && left <= 3000, `${left} hundredths are left`)
})

test('a SET that fails elsewhere starts nothing, and neither does one that is undone', async () => {
  const mark = join(folder, 'mark')
  const { prepare, set, read } = await open(shellScript(`touch ${mark}`), launchEntry())
  const { part } = prepare(launch, { smLaunchStart: 0 })
  assert.equal(await part.test(), undefined)
  assert.equal(await part.commit(), undefined)
  assert.equal(await part.undo(), true)
  const refused = await set(launch, { smLaunchStart: 0, smLaunchMaxRunning: 3, smLaunchScriptName: 'other' })
  assert.equal(refused, 'inconsistentValue smLaunchScriptName')
  assert.equal(read('smLaunchStart', launch), 0)
  assert.equal(read('smLaunchMaxRunning', launch), 1)
  assert.equal(read('smRunState', run(1)), undefined)
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(existsSync(mark), false)
})

test('smLaunchStart is refused for an index in use and beyond smLaunchMaxRunning, and smLaunchError says why', async () => {
  const { set, read, reaches } = await open(shellScript('sleep 60'), launchEntry(2))
  assert.equal(await set(launch, { smLaunchStart: 7 }), 'noError')
  assert.equal(await set(launch, { smLaunchStart: 7 }), 'inconsistentValue smLaunchStart')
  assert.equal(read('smLaunchError', launch), 'the run index 7 is in use')
  assert.equal(await set(launch, { smLaunchStart: 0 }), 'noError')
  assert.equal(read('smLaunchError', launch), '')
  assert.equal(await set(launch, { smLaunchStart: 0 }), 'inconsistentValue smLaunchStart')
  assert.match(String(read('smLaunchError', launch)), /as many runs as it may have \(2\)/)
  assert.equal(await set(launch, { smLaunchControl: 'suspend' }), 'noError')
  await reaches('suspended', run(7))
  assert.equal(await set(run(7), { smRunControl: 'suspend' }), 'inconsistentValue smRunControl')
  assert.equal(await set(run(7), { smRunControl: 'resume' }), 'noError')
  await reaches('executing', run(7))
  assert.equal(await set(launch, { smLaunchControl: 'abort' }), 'noError')
  await reaches('terminated', run(7))
  await reaches('terminated', run(1))
  assert.equal(read('smRunExitCode', run(7)), 'halted')
  assert.equal(await set(run(7), { smRunControl: 'abort' }), 'inconsistentValue smRunControl')
  assert.equal(await set(launch, { smLaunchControl: 'abort' }), 'inconsistentValue smLaunchControl')
  assert.equal(read('smLaunchControl', launch), 'nop')
})

test('each reading of smLaunchRunIndexNext gives another index that can be launched', async () => {
  const { set, read } = await open(shellScript('exit 0'), launchEntry(9))
  const seen = [1, 2, 3].map(() => read('smLaunchRunIndexNext', launch) as number)
  assert.equal(new Set(seen).size, 3)
  assert.equal(await set(launch, { smLaunchStart: seen[2]! }), 'noError')
  assert.equal(read('smLaunchStart', launch), seen[2])
})

test('smLaunchMaxCompleted runs are remembered, the oldest go first, and lowering it takes effect at once', async () => {
  const { set, read, reaches } = await open(shellScript('exit 0'), launchEntry(1, 2))
  for (const index of [1, 2, 3]) {
    assert.equal(await set(launch, { smLaunchStart: index }), 'noError')
    await reaches('terminated', run(index))
  }
  assert.deepEqual(
    [1, 2, 3].map((index) => read('smRunState', run(index))),
    [undefined, 'terminated', 'terminated'],
  )
  assert.equal(await set(launch, { smLaunchMaxCompleted: 1 }), 'noError')
  assert.deepEqual(
    [2, 3].map((index) => read('smRunState', run(index))),
    [undefined, 'terminated'],
  )
})

test('a run is forgotten when smRunExpireTime is over, and at once when that is set to 0', async () => {
  const { set, read, reaches } = await open(shellScript('exit 0'), launchEntry(1, 5, 'enabled', '-', '3000 40'))
  await set(launch, { smLaunchStart: 1 })
  await reaches('terminated', run(1))
  await until(() => read('smRunState', run(1)) === undefined, 1000, 'its being forgotten')
  await set(launch, { smLaunchStart: 2, smLaunchExpireTime: 100_000 })
  await reaches('terminated', run(2))
  assert.equal(await set(run(2), { smRunExpireTime: 0 }), 'noError')
  assert.equal(read('smRunState', run(2)), undefined)
})

test('smScriptAbort tells of every end that is not noError; smScriptResult and smScriptException come from the script', async () => {
  const { set, reaches, told } = await open(
    shellScript('echo result 12 >&3; echo error odd >&3; echo no such disk >&2; exit 9'),
    launchEntry(),
  )
  await set(launch, { smLaunchStart: 1 })
  await reaches('terminated', run(1))
  assert.deepEqual(told, [
    'smScriptResult: script B (run 1 of C/D) says: 12',
    'smScriptException: script B (run 1 of C/D) says: odd',
    'smScriptAbort: script B (run 1 of C/D) came to nothing: odd',
  ])
})

test('setting smRunLifeTime shortens a run', async () => {
  const { set, read, reaches } = await open(shellScript('sleep 60'), launchEntry())
  await set(launch, { smLaunchStart: 1 })
  assert.ok((read('smRunLifeTime', run(1)) as number) > 2900)
  assert.equal(await set(run(1), { smRunLifeTime: 20 }), 'noError')
  await reaches('terminated', run(1))
  assert.equal(read('smRunExitCode', run(1)), 'lifeTimeExceeded')
})

test('a script made over SNMP has no command, and so cannot be enabled or launched', async () => {
  const { set, read } = await open()
  const created = await set(script, {
    smScriptDescr: 'mine',
    smScriptLanguage: 2,
    smScriptAdminStatus: 'enabled',
    smScriptRowStatus: 'createAndGo',
  })
  assert.equal(created, 'noError')
  assert.equal(read('smScriptOperStatus', script), 'noSuchScript')
  assert.match(String(read('smScriptError', script)), /scripts\.cnf names no command/)
  assert.equal(await set(script, { scriptCommand: '/bin/sh' }), 'notWritable scriptCommand')
  assert.equal(await set(script, { smScriptSource: 'file:///bin/sh' }), 'notWritable smScriptSource')
  const launched = await set(launch, {
    smLaunchScriptOwner: 'A',
    smLaunchScriptName: 'B',
    smLaunchAdminStatus: 'enabled',
    smLaunchRowStatus: 'createAndGo',
  })
  assert.equal(launched, 'noError')
  assert.equal(read('smLaunchOperStatus', launch), 'disabled')
  assert.equal(await set(launch, { smLaunchStart: 0 }), 'inconsistentValue smLaunchStart')
  assert.equal(read('smLaunchError', launch), 'the script is noSuchScript; smScriptError says why')
})

test('a script whose command cannot be run says so in smScriptOperStatus, and is fit when that is mended', async () => {
  const program = join(folder, 'program')
  const { set, read } = await open(`smScriptEntry A B unit 1 enabled nonVolatile ${program}`, launchEntry())
  assert.equal(read('smScriptOperStatus', script), 'noSuchScript')
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o644 })
  assert.equal(await set(script, { smScriptAdminStatus: 'enabled' }), 'noError')
  assert.equal(read('smScriptOperStatus', script), 'accessDenied')
  assert.match(String(read('smScriptError', script)), /run: chmod \+x/)
  rmSync(program)
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 })
  assert.equal(await set(script, { smScriptAdminStatus: 'enabled' }), 'noError')
  assert.equal(read('smScriptOperStatus', script), 'enabled')
  assert.equal(read('smScriptError', script), '')
  assert.equal(read('smLaunchOperStatus', launch), 'enabled')
})

test('a command that is configured for one language is never read as another', async () => {
  const { set, read } = await open(
    `smScriptEntry A B unit 1 disabled nonVolatile "/bin/echo ;"`,
    'smScriptEntry A open unit 1 enabled nonVolatile "/bin/echo \'"',
    'smScriptEntry A tongue unit 9 enabled nonVolatile /bin/echo',
  )
  assert.equal(await set(script, { smScriptLanguage: 2 }), 'inconsistentValue smScriptLanguage')
  assert.equal(read('smScriptOperStatus', { ...script, smScriptName: 'open' }), 'compilationFailed')
  assert.equal(read('smScriptOperStatus', { ...script, smScriptName: 'tongue' }), 'wrongLanguage')
})

test('rows that are enabled stay: destroy, notInService and other scripts are an inconsistentValue', async () => {
  const { set, path } = await open(shellScript('exit 0'), launchEntry())
  assert.equal(await set(script, { smScriptRowStatus: 'destroy' }), 'inconsistentValue smScriptRowStatus')
  assert.equal(await set(script, { smScriptRowStatus: 'notInService' }), 'inconsistentValue smScriptRowStatus')
  assert.equal(await set(script, { smScriptLanguage: 2 }), 'inconsistentValue smScriptLanguage')
  assert.equal(await set(script, { smScriptAdminStatus: 'editing' }), 'wrongValue smScriptAdminStatus')
  assert.equal(await set(script, { smScriptStorageType: 'permanent' }), 'inconsistentValue smScriptStorageType')
  assert.equal(await set(launch, { smLaunchRowStatus: 'destroy' }), 'inconsistentValue smLaunchRowStatus')
  assert.equal(await set(launch, { smLaunchScriptOwner: 'A' }), 'inconsistentValue smLaunchScriptOwner')
  assert.equal(await set(launch, { smLaunchAdminStatus: 'disabled' }), 'noError')
  assert.equal(await set(launch, { smLaunchRowStatus: 'destroy' }), 'noError')
  assert.doesNotMatch(readFileSync(path, 'utf8'), /smLaunchEntry/)
})

test('disabling a script disables its launches, and ends and forgets their runs', async () => {
  const { set, read } = await open(shellScript('sleep 60'), launchEntry())
  await set(launch, { smLaunchStart: 1 })
  assert.equal(await set(script, { smScriptAdminStatus: 'disabled' }), 'noError')
  assert.equal(read('smLaunchOperStatus', launch), 'disabled')
  await until(() => read('smRunState', run(1)) === undefined, 2000, 'the end of the run')
  assert.equal(await set(launch, { smLaunchStart: 1 }), 'inconsistentValue smLaunchStart')
})

test('a launch with autostart starts when it comes to be enabled, at the start and later', async () => {
  const { set, read, reaches } = await open(shellScript('exit 0'), launchEntry(1, 5, 'autostart'))
  await reaches('terminated', run(1))
  await set(script, { smScriptAdminStatus: 'disabled' })
  assert.equal(read('smRunState', run(1)), undefined)
  await set(script, { smScriptAdminStatus: 'enabled' })
  await reaches('terminated', run(2))
  assert.equal(read('smLaunchStart', launch), 2)
})

test('a launch whose smLaunchRowExpireTime is over takes no start, and goes with the last of its runs', async () => {
  const { set, read, reaches } = await open(shellScript('sleep 60'), launchEntry())
  assert.equal(read('smLaunchRowExpireTime', launch), 0x7fff_ffff)
  await set(launch, { smLaunchStart: 1 })
  assert.equal(await set(launch, { smLaunchRowExpireTime: 5 }), 'noError')
  await until(() => read('smLaunchOperStatus', launch) === 'expired', 1000, 'its expiry')
  assert.equal(await set(launch, { smLaunchStart: 2 }), 'inconsistentValue smLaunchStart')
  assert.equal(await set(launch, { smLaunchRowExpireTime: 5 }), 'inconsistentValue smLaunchRowExpireTime')
  await set(run(1), { smRunControl: 'abort' })
  await reaches('terminated', run(1))
  assert.equal(await set(run(1), { smRunExpireTime: 0 }), 'noError')
  assert.equal(read('smLaunchOperStatus', launch), undefined)
})

test('smLaunchLastChange moves with what is configured, not with what is done', async () => {
  const { set, read } = await open(shellScript('exit 0'), launchEntry())
  assert.equal(read('smLaunchLastChange', launch), 'never')
  await set(launch, { smLaunchStart: 1 })
  assert.equal(read('smLaunchLastChange', launch), 'never')
  await set(launch, { smLaunchMaxRunning: 2 })
  assert.ok(read('smLaunchLastChange', launch) instanceof Date)
})

test('stopping the module ends what runs; a run that outlived a killed keeper is ended at the next start', async () => {
  const pidFile = join(folder, 'pid')
  const { backend, start, set, reaches } = await open(shellScript(`echo $$ > ${pidFile}; sleep 60`), launchEntry())
  const begin = async (): Promise<number> => {
    rmSync(pidFile, { force: true })
    assert.equal(await set(launch, { smLaunchStart: 0 }), 'noError')
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), 2000)
    return Number(readFileSync(pidFile, 'utf8'))
  }
  const first = await begin()
  const record = join(folder, 'run', 'subagents', 'scripts', `${first}.json`)
  const written = readFileSync(record, 'utf8')
  await backend.stop()
  const identity = JSON.parse(written) as { pid: number; startTicks: number }
  assert.deepEqual(sessionMembers(identity), [])
  assert.equal(existsSync(record), false)

  await start()
  const second = await begin()
  await reaches('executing', run(1))
  // As if the keeper had been killed: another one starts, with what the first wrote down.
  const other = scriptModule(resolveHome(folder))
  await other.module.start!({
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    upTimeTicks: () => 0,
    notify: () => {},
  })
  await reaches('terminated', run(1))
  assert.equal(existsSync(join(folder, 'run', 'subagents', 'scripts', `${second}.json`)), false)
})

test('arguments of scripts that run as root come from the file alone, until it says otherwise', async () => {
  const argument = { smLaunchArgument: Buffer.from('--as root') }
  const other = 'smScriptEntry A other "other" 2 enabled nonVolatile "echo $1"'
  const lines = [shellScript('echo "got $1"'), other, launchEntry(1, 5, 'disabled', 'word')]
  const strict = await open(...lines)
  assert.equal(strict.read('scriptArgumentsWritable', {}), false)
  assert.equal(await strict.set(launch, argument), 'notWritable smLaunchArgument')
  const made = { smLaunchOwner: 'C', smLaunchName: 'new' }
  const row = { smLaunchScriptOwner: 'A', smLaunchScriptName: 'B', smLaunchRowStatus: 'createAndGo' }
  assert.equal(await strict.set(made, { ...row, ...argument }), 'notWritable smLaunchArgument')
  assert.equal(await strict.set(launch, { smLaunchScriptName: 'other' }), 'inconsistentValue smLaunchScriptName')
  assert.equal(await strict.set(launch, { smLaunchScriptOwner: 'X' }), 'inconsistentValue smLaunchScriptOwner')
  assert.equal(await strict.set(launch, { smLaunchScriptName: 'B', smLaunchMaxRunning: 2 }), 'noError')
  assert.equal(await strict.set(made, row), 'noError')
  assert.equal(await strict.set(made, { smLaunchScriptName: 'other' }), 'noError')

  const loose = await open('scriptArgumentsWritable true', ...lines)
  assert.equal(await loose.set(launch, { ...argument, smLaunchScriptName: 'other' }), 'noError')
  assert.equal(text(loose.read('smLaunchArgument', launch)), '--as root')
})

test('no file makes the code of scripts writable over SNMP', async () => {
  const { set } = await open('scriptArgumentsWritable true', shellScript('true'))
  assert.equal(await set(script, { scriptCommand: 'id' }), 'notWritable scriptCommand')
  assert.equal(await set(script, { smScriptSource: 'file:///x' }), 'notWritable smScriptSource')
})

import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '../../lib/log/log.ts'
import { readProcess, visibleProcesses } from '../../lib/proc/process.ts'
import { isSuccess } from '../../lib/program/exit.ts'
import type { Program } from '../../lib/program/program.ts'
import { runProgram } from '../../lib/program/run.ts'
import type { Argv, StartOptions } from '../../lib/program/start.ts'
import { UnitLauncher, whyNoUnits } from '../../lib/program/unit-launcher.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'
import { describeRuns } from '../support/script-contract.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

const braced = ['$', '{HOME}'].join('')
/** In its path is all that systemd, a shell or printf(3) would take for its own. */
const folder = mkdtempSync(join(tmpdir(), 'units of $HOME 100% "q" \\n-'))

describe('programs in transient units', noSystemd ? { skip: noSystemd } : needs('dbus-daemon'), () => {
  const systemd = new UserSystemd(mkdtempSync(join(tmpdir(), 'systemd-')))
  const launches = join(folder, 'launches')
  let launcher: UnitLauncher
  before(async () => {
    await systemd.start()
    await systemd.startBus()
    launcher = new UnitLauncher({
      systemdRun: systemd.systemdRun,
      folder: launches,
      clock: systemClock,
      log: silentLog,
    })
    assert.equal(await whyNoUnits(systemd.systemdRun), undefined)
  })
  after(async () => {
    await systemd.stop()
    await rm(folder, { recursive: true, force: true })
    await rm(systemd.folder, { recursive: true, force: true })
  })

  const start = (script: string, options: Partial<StartOptions> = {}): Promise<Program> =>
    launcher.start({ argv: ['/bin/sh', '-c', script], ...options })
  const textOf = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
    let text = ''
    for await (const chunk of stream ?? []) text += String(chunk)
    return text
  }
  const printed = async (script: string, options: Partial<StartOptions> = {}): Promise<string> => {
    const program = await start(script, { output: 'pipe', ...options })
    const [output] = await Promise.all([textOf(program.output), textOf(program.errors), program.exited])
    return output.trim()
  }

  test('run in a unit of their own, with the environment that a child has and nothing of the manager', async () => {
    const own = readFileSync('/proc/self/cgroup', 'utf8')
    assert.match(await printed('cat /proc/self/cgroup'), /\/castellan-run-[0-9a-f]{16}\.service$/m)
    assert.doesNotMatch(own, /castellan-run-[0-9a-f]{16}/)
    assert.equal(
      await printed('env', { environment: { A: 'b c', D: `$HOME ${braced} %h "\\` } }),
      `A=b c\nD=$HOME ${braced} %h "\\\nPWD=/`,
    )
    assert.match(await printed('env', { variables: { CASTELLAN_SUPERVISED: 'sipd' } }), /^CASTELLAN_SUPERVISED=sipd$/m)
    assert.doesNotMatch(await printed('env'), /INVOCATION_ID|MANAGERPID|NOTIFY_SOCKET/)
  })

  test('get their arguments as they are, their folder, niceness and a umask that keeps others out', async () => {
    const words = ['$HOME', braced, '$$', '%n', "it's", '"', '\\', '', 'a b', '-n', ';']
    const argv = ['/usr/bin/printf', '[%s]', ...words] as unknown as Argv
    assert.equal(await printed('', { argv }), words.map((word) => `[${word}]`).join(''))
    assert.equal(await printed('pwd; nice; umask', { folder: '/usr', niceness: 7 }), '/usr\n7\n0077')
  })

  test('are known by their own PID, lead a session, and tell how they end', async () => {
    const program = await start('echo $$; read line', { input: 'pipe', output: 'pipe' })
    const stat = readProcess(program.pid!)
    assert.equal(stat?.groupId, program.pid)
    assert.equal(program.remaining(), 1)
    program.input?.end('\n')
    assert.equal((await textOf(program.output)).trim(), String(program.pid))
    assert.deepEqual(await program.exited, { kind: 'exited', code: 0 })
    await program.closed
    const ends: [string, unknown][] = [
      ['exit 7', { kind: 'exited', code: 7 }],
      // systemd itself would call these a success.
      ['kill -TERM $$', { kind: 'signalled', signal: 'SIGTERM' }],
      ['kill -HUP $$', { kind: 'signalled', signal: 'SIGHUP' }],
      ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL' }],
      ['exit 255', { kind: 'exited', code: 255 }],
    ]
    for (const [script, exit] of ends) assert.deepEqual(await (await start(script)).exited, exit, script)
    assert.deepEqual(readdirSync(launches), [], 'nothing is left of them')
  })

  test('report on descriptor 3, print to a file, and are ended with their whole session', async () => {
    const reporting = await start('echo result 42 >&3; sleep 60 & sleep 60', { hasReports: true })
    const [report] = (await new Promise<unknown[]>((resolve) =>
      reporting.reports?.once('data', (chunk: Buffer) => resolve([chunk.toString()])),
    )) as [string]
    assert.equal(report, 'result 42\n')
    await until(() => reporting.remaining() === 3, 5000, 'its children')
    assert.deepEqual(await reporting.end(systemClock, 5000), { kind: 'signalled', signal: 'SIGTERM' })
    await until(() => reporting.remaining() === 0, 5000, 'the end of its session')
    reporting.closeStreams()

    const path = join(folder, 'program.out')
    const output = openSync(path, 'a')
    const printing = await start('ls /proc/self/fd | tr "\\n" " "; echo error >&2', { output })
    closeSync(output)
    await printing.exited
    // 3 is the folder that ls itself reads.
    assert.equal(readFileSync(path, 'utf8'), '0 1 2 3 error\n')
  })

  test('keep their environment from everybody who can read units and arguments', async () => {
    const variables = { CASTELLAN_LOG_LINE: "it's hush" }
    const program = await start('cat; printenv CASTELLAN_LOG_LINE', { variables, input: 'pipe', output: 'pipe' })
    const [unit] = /castellan-run-\w+\.service/.exec(readFileSync(`/proc/${program.pid}/cgroup`, 'utf8')) ?? []
    const shown = await runProgram({ argv: [...systemd.systemctl, 'cat', unit!], limitMs: 5000 })
    assert.match(shown.output, /printenv CASTELLAN_LOG_LINE/)
    assert.doesNotMatch(shown.output, /hush/)
    const clients = visibleProcesses().filter(({ command }) =>
      command.some((word) => word.includes(unit!.slice(0, -8))),
    )
    assert.equal(clients.length, 1)
    assert.doesNotMatch(JSON.stringify(clients), /hush/)
    program.input?.end()
    assert.equal((await textOf(program.output)).trim(), "it's hush")
  })

  test('run to their end within limits, with their whole session', async () => {
    const limits = { launcher, limitMs: 10_000, maxOctets: 10 }
    const cut = await runProgram({ argv: ['/bin/sh', '-c', 'echo 0123456789abc; exit 4'], ...limits })
    assert.deepEqual([cut.exit, cut.output], [{ kind: 'exited', code: 4 }, '0123456789'])
    const sleepers = ['/bin/sh', '-c', 'sleep 60 & echo $$ >"$0"; wait', join(folder, 'sleepers')] as const
    const late = await runProgram({ argv: sleepers, ...limits, limitMs: 500 })
    assert.deepEqual(late.exit, { kind: 'timedOut', limitMs: 500 })
    const session = Number(readFileSync(join(folder, 'sleepers'), 'utf8'))
    await until(() => visibleProcesses().every(({ groupId }) => groupId !== session), 5000, 'the end of its session')
  })

  describe('run scripts as children do', () => describeRuns(() => launcher))

  test('what a start command leaves behind goes on', async () => {
    const pidFile = join(folder, 'daemon.pid')
    const command = await start(
      'setsid sh -c \'echo $$ >"$0"; exec sleep 60\' "$0" & while ! [ -s "$0" ]; do :; done',
      {
        argv: [
          '/bin/sh',
          '-c',
          'setsid sh -c \'echo $$ >"$0"; exec sleep 60\' "$0" & while ! [ -s "$0" ]; do :; done',
          pidFile,
        ],
      },
    )
    assert.deepEqual(await command.exited, { kind: 'exited', code: 0 })
    const daemon = Number(readFileSync(pidFile, 'utf8'))
    assert.deepEqual(readProcess(daemon)?.command, ['sleep', '60'])
    process.kill(daemon, 'SIGKILL')
  })

  test('a program that does not exist says so; without a manager programs are children', async () => {
    const missing = await launcher.start({ argv: ['/nowhere/program'] })
    assert.equal(missing.pid, undefined)
    assert.deepEqual(await missing.exited, { kind: 'notStarted', code: 'ENOENT', reason: 'there is no such program' })
    const nobody = new UnitLauncher({
      systemdRun: ['/bin/false'],
      folder: launches,
      clock: systemClock,
      log: silentLog,
    })
    const child = await nobody.start({ argv: ['/bin/sh', '-c', 'exit 3'] })
    assert.deepEqual(await child.exited, { kind: 'exited', code: 3 })
    assert.match((await whyNoUnits(['/bin/false'])) ?? '', /exit code 1/)
    assert.ok(existsSync(launches))
    assert.ok(isSuccess((await runProgram({ argv: ['/bin/true'], limitMs: 5000 })).exit))
  })
})

/**
 * What root's processes do by path in an installed appliance, as strace records it: below a folder that the agent's user or sipd's
 * may write, a name is only ever looked up within a descriptor, and without following a link.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { pidFileOf } from '../../lib/home/home.ts'
import { nodeOptionsOf } from '../../lib/process/daemon.ts'
import { until } from '../support/appliance.ts'
import { LaidOutHome, noLayout, sipdUser } from '../support/laid-out.ts'
import { needs } from '../support/peers.ts'
import { type PathCall, parseRecord, recorderArgs } from '../support/recorder.ts'

/** Of commands that do not do what they are asked for, once they have looked. */
const exitCodes = new Map([
  ['castellan events', 1], // nobody may ask without a community
  ['castellan rotate', 1], // one of the logs is a link
])

describe('what root does by path', { skip: noLayout, ...needs('strace') }, () => {
  const records = mkdtempSync(join(tmpdir(), 'castellan-records-'))
  let installed: LaidOutHome
  let subagents: ChildProcess | undefined
  let count = 0

  before(async () => {
    installed = await LaidOutHome.make()
    // Nothing of the appliance's own is a link; what a lesser user puts there is.
    const link = join(installed.home.logs, 'sipd', 'sharedmem_stats_log')
    symlinkSync('/etc/shadow', link)
    lchownSync(link, sipdUser, sipdUser)
    assert.equal(await installed.start('agent'), undefined, installed.output)
    assert.equal(await installed.start('console'), undefined, installed.output)
    const main = join(installed.program, 'dist', 'subagents', 'main.js')
    subagents = record([process.execPath, ...nodeOptionsOf(installed.program), main, '--home', installed.home.root])
    await until(() => readPidFile(pidFileOf(installed.home, 'sipd')) !== undefined, 60_000, 'sipd, by critapp')
  })
  after(async () => {
    await installed.remove()
    subagents?.kill('SIGTERM') // and what it records
    rmSync(records, { recursive: true })
  })

  function record(argv: readonly string[]): ChildProcess {
    const to = join(records, String(count++))
    const args = [...recorderArgs, '-o', to, ...argv]
    return spawn('strace', args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' })
  }

  async function run(...[program = '', ...args]: string[]): Promise<void> {
    const launcher = join(installed.program, 'bin', program)
    const child = record([process.execPath, launcher, ...args, '--home', installed.home.root])
    const [code] = (await once(child, 'exit')) as [number]
    const command = [program, ...args].join(' ')
    assert.equal(code, exitCodes.get(command) ?? 0, command)
  }

  const callsOfRoot = (): PathCall[] =>
    readdirSync(records)
      .flatMap((name) => parseRecord(readFileSync(join(records, name), 'utf8')))
      .filter(({ uid }) => uid === 0)

  test('leads through no name that the agent’s user or sipd’s could change', { timeout: 120_000 }, async () => {
    const { home } = installed
    const log = join(home.logs, 'sipd', 'access_log')
    await Promise.all([run('castellan', 'status'), run('castellan', 'logs', '--no-follow'), run('sip', 'status')])
    appendFileSync(log, 'a line\n')
    await Promise.all([run('castellan', 'rotate'), run('castellan', 'events'), run('castellan', 'user', 'list')])
    await run('castellan', 'reload') // which checks
    await run('sip', 'stop')
    await run('sip', 'start')
    const ended = once(subagents!, 'exit') // their record ends with all that they started
    await Promise.all([ended, run('castellan', 'stop')])
    appendFileSync(log, 'another line\n')
    await run('castellan', 'rotate') // by itself, as the subagents do not run
    const calls = callsOfRoot()
    assert.deepEqual(following(calls, lesserFolders(home.root)), [])
    const isSeen = (name: string, path: RegExp): boolean =>
      calls.some((call) => call.name === name && /^\/proc\/self\/fd\/\d+\//.test(call.path) && path.test(call.path))
    for (const [name, path] of [
      ['openat', /\/access_log$/],
      ['openat', /\/access_log\.\d+\.gz\.tmp$/],
      ['openat', /\/sipd\.pid$/],
      ['openat', /\/sipd\.out$/],
      ['openat', /\/sipd\.ctl$/],
      ['statx', /\/sharedmem_stats_log$/],
      ['rename', /\/agent\.log$/],
    ] as const)
      assert.ok(isSeen(name, path), `${name} of ${path} was seen within a descriptor`)
  })

  test('is seen where it does', { timeout: 60_000 }, async () => {
    const path = join(installed.home.logs, 'sipd', 'sipd.out')
    const script = `const fs = require('node:fs'); for (const f of [fs.statSync, fs.readFileSync, fs.lstatSync, fs.truncateSync])
      try { f(${JSON.stringify(path)}) } catch {}`
    await once(record([process.execPath, '-e', script]), 'exit')
    const last = readFileSync(join(records, String(count - 1)), 'utf8')
    const found = following(parseRecord(last), lesserFolders(installed.home.root))
    assert.equal(found.length, 3, 'all but lstat, which does not follow the name')
  })
})

/** Folders that somebody else than root may write; sipd's configuration is root's, and sipd may only read it. */
function lesserFolders(root: string): string[] {
  return ['conf', 'data', 'logs', 'run']
    .flatMap((kind) => readdirSync(join(root, kind)).map((name) => join(root, kind, name)))
    .filter((path) => statSync(path).isDirectory() && statSync(path).uid !== 0)
}

/** Calls that a lesser user could have led elsewhere: by a name in his folder, or within a descriptor of it and past a link. */
function following(calls: readonly PathCall[], folders: readonly string[]): string[] {
  const isFollowing = ({ path, isNoFollow }: PathCall): boolean => {
    if (/^\/proc\/self\/fd\/\d+\/./.test(path)) return !isNoFollow
    const folder = folders.find((one) => path.startsWith(`${one}/`))
    if (folder === undefined) return false
    // A look at what is there, in a folder that only root could replace.
    return !isNoFollow || path.slice(folder.length + 1).includes('/')
  }
  return calls.filter(isFollowing).map(({ line }) => line)
}

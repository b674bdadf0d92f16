/** What the agent's user and sipd's put under the names that root uses changes no file of root, shows none, and keeps nobody waiting. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Outcome } from '../../lib/program/run.ts'
import { until } from '../support/appliance.ts'
import { agentUser, LaidOutHome, noLayout, sipdUser } from '../support/laid-out.ts'

const secret = `root:$6$secretline-1:19000::\n${'x'.repeat(2 * 1024 * 1024)}\n`

/** By folder: the names that root's processes open, make, rename or connect to there. */
const names: readonly { readonly folder: string; readonly uid: number; readonly names: readonly string[] }[] = [
  {
    folder: 'logs/sipd',
    uid: sipdUser,
    names: [
      'access_log',
      'error_log',
      'stats_log',
      'sharedmem_stats_log',
      'sipd.out',
      'sipd.out.1',
      ...rotatedOf('error_log'),
    ],
  },
  { folder: 'run/sipd', uid: sipdUser, names: ['sipd.pid', 'sipd.pid.1.1', 'sipd.lock', 'sipd.ctl'] },
  { folder: 'logs/agent', uid: agentUser, names: ['agent.log', 'audit.log', 'agent.out', ...rotatedOf('agent.log')] },
  { folder: 'run/agent', uid: agentUser, names: ['agent.pid', 'agent.lock', 'agent.ctl', 'subagents.sock'] },
  { folder: 'data/agent', uid: agentUser, names: ['engine.json', 'event-samples'] },
]

function rotatedOf(log: string): string[] {
  return ['', '.gz', '.gz.tmp'].map((end, i) => `${log}.170000000${i}${end}`)
}

describe('what lesser users put under the names that root uses', { skip: noLayout }, () => {
  let installed: LaidOutHome
  let victims: string

  before(async () => {
    installed = await LaidOutHome.make()
    victims = join(installed.home.root, '..', 'of-root')
    mkdirSync(victims, { mode: 0o700 })
  })
  after(() => installed.remove())

  /** The file of root that the trap of this number leads to. */
  const victim = (number: number): string => join(victims, String(number))

  /** Puts a trap under each name; each leads to a file of root's of its own. Gives what assures that those are as they were. */
  function lay(trap: (target: string, path: string) => void): () => void {
    const before: unknown[] = []
    for (const { folder, uid, names: those } of names)
      for (const name of those) {
        const target = victim(before.length)
        rmSync(target, { force: true })
        writeFileSync(target, secret, { mode: 0o600 })
        const path = join(installed.home.root, folder, name)
        rmSync(path, { force: true })
        trap(target, path)
        if (!isHardLink(path)) lchownSync(path, uid, uid)
        before.push(stateOf(target))
      }
    return () => {
      assert.deepEqual(
        before.map((_, number) => stateOf(victim(number))),
        before,
      )
      assert.deepEqual(readdirSync(victims).length, before.length, 'nothing was made beside them')
      for (const [number] of before.entries()) assert.equal(readFileSync(victim(number), 'utf8'), secret)
    }
  }

  /** Every command that looks or rotates; whatever their exit codes, they end, and print nothing of root's. */
  async function runAll(): Promise<void> {
    const commands = [
      ['castellan', 'status'],
      ['castellan', 'logs', '--no-follow'],
      ['castellan', 'rotate', 'access_log'],
      ['castellan', 'rotate', 'agent.log'],
      ['sip', 'status'],
      ['sip', 'start'],
      ['sip', 'stop'],
    ] as const
    for (const command of commands) {
      const { exit, printed }: Outcome = await installed.runAs(0, command)
      assert.equal(exit.kind, 'exited', `${command.join(' ')}: ${printed}`)
      assert.doesNotMatch(printed, /secretline/, command.join(' '))
    }
  }

  for (const [what, trap] of [
    ['symbolic links', (target: string, path: string) => symlinkSync(target, path)],
    ['hard links', linkSync],
    ['FIFOs', (_: string, path: string) => void execFileSync('mkfifo', [path])],
  ] as const)
    test(`${what} lead root to nothing`, { timeout: 90_000 }, async () => {
      const assertUntouched = lay(trap)
      assert.equal(await installed.start('subagents'), undefined, installed.output)
      await runAll()
      const log = join(installed.home.logs, 'subagents', 'subagents.log')
      await until(() => /access_log/.test(readFileSync(log, 'utf8')), 20_000, 'a word about the log')
      await installed.stop('subagents')
      await installed.runAs(0, ['castellan', 'rotate', 'access_log'])
      assertUntouched()
      assert.doesNotMatch(readFileSync(log, 'utf8'), /secretline/)
      const state = join(installed.home.data, 'subagents', 'log.json')
      if (existsSync(state))
        assert.doesNotMatch(readFileSync(state, 'utf8'), /cm9vdDokNi/, 'the first octets in base64')
    })
})

const isHardLink = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.nlink === 2

function stateOf(path: string): unknown {
  const { size, mode, uid, gid, mtimeMs, nlink } = statSync(path)
  return { size, mode, uid, gid, mtimeMs, isNamed: nlink > 0 }
}

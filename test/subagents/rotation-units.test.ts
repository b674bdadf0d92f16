import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parseRotatedName } from '../../lib/follow/rotated-name.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { parseAccessMode } from '../../lib/proc/processes.ts'
import { catchesSignal } from '../../lib/proc/signal.ts'
import { parseReport, parseRotateWords } from '../../subagents/log/rotation/command.ts'
import { defaultPolicies, ownerOf } from '../../subagents/log/rotation/defaults.ts'
import { DiskFloor } from '../../subagents/log/rotation/disk-floor.ts'
import { refuseOverlaps } from '../../subagents/log/rotation/policy.ts'
import { beyondRetention } from '../../subagents/log/rotation/retention.ts'
import { unsetClockSeconds } from '../../subagents/log/rotation/rotated-files.ts'
import { Ground } from './rotation-support.ts'

describe('names of rotated files', () => {
  test('what a rotation makes is known, and nothing else', () => {
    const known = (name: string) => parseRotatedName(name, 'access_log')
    assert.deepEqual(known('access_log.1700000000'), { seconds: 1_700_000_000, number: 0, isCompressed: false })
    assert.deepEqual(known('access_log.1700000000.12.gz'), { seconds: 1_700_000_000, number: 12, isCompressed: true })
    for (const name of [
      'access_log',
      'access_log.1',
      'access_log.1.gz',
      'access_log.1700000000.gz.tmp',
      'access_log.1700000000.0',
      'access_log.1700000000.bak',
      'access_log_2.1700000000',
      'error_log.1700000000',
    ])
      assert.equal(known(name), undefined, name)
  })
})

describe('retention', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const fileOf = (seconds: number, modifiedMs = seconds * 1000) => ({
    path: `a_log.${seconds}`,
    seconds,
    number: 0,
    isCompressed: true,
    diskOctets: 1000,
    modifiedMs,
  })
  /** So many seconds after 500 seconds ago. */
  const files = [100, 200, 300, 400].map((seconds) => fileOf(nowMs / 1000 - 500 + seconds))
  const going = (keep: Parameters<typeof beyondRetention>[1]): number[] =>
    beyondRetention(files, keep, nowMs).map(({ seconds }) => seconds - nowMs / 1000 + 500)

  test('files, octets and seconds bound what is kept, each alone; the oldest go', () => {
    assert.deepEqual(going({}), [])
    assert.deepEqual(going({ files: 3 }), [100])
    assert.deepEqual(going({ octets: 2500 }), [100, 200])
    assert.deepEqual(going({ seconds: 150 }), [100, 200, 300])
    assert.deepEqual(going({ files: 3, octets: 1000, seconds: 1000 }), [100, 200, 300])
    assert.deepEqual(going({ files: 0 }), [100, 200, 300, 400])
  })

  test('a file named before the clock was set is of unknown age, and one named in the future as old as its last line', () => {
    const unset = fileOf(unsetClockSeconds, 60_000)
    const ahead = fileOf(Date.UTC(2038, 0, 1) / 1000, nowMs - 3_000_000)
    const old = (file: typeof unset, seconds: number): boolean => beyondRetention([file], { seconds }, nowMs).length > 0
    assert.equal(old(unset, 86_400), false)
    assert.equal(old(ahead, 2000), true)
    assert.equal(old(ahead, 4000), false)
  })
})

describe('policies', () => {
  test('of two for one file the first is in force, also when one names it by a link', async () => {
    const ground = new Ground()
    try {
      writeFileSync(ground.path('a_log'), '')
      symlinkSync(ground.path('a_log'), ground.path('link_log'))
      const policies = [
        ground.policy('a_log'),
        ground.policy('b_log'),
        ground.policy('link_log'),
        ground.policy('old', { path: ground.path('a_log.1700000000') }),
        ground.policy('b_log', { path: ground.path('c_log') }),
      ]
      const { inForce, refused } = refuseOverlaps(policies)
      assert.deepEqual(inForce, policies.slice(0, 2))
      assert.deepEqual(
        refused.map(({ name, sentence }) => [name, sentence.slice(sentence.indexOf('force: ') + 7)]),
        [
          ['link_log', 'a_log rotates the same file and is listed before it; remove one of them'],
          ['b_log', 'another policy has that name; give it one of its own'],
          ['old', 'the file is what a_log leaves when it rotates; remove this policy'],
        ],
      )
    } finally {
      await ground.leave()
    }
  })

  test('the defaults rotate the logs of sipd and of our own daemons at 5,000,000 octets, and overlap nowhere', () => {
    const home = resolveHome('/nowhere')
    const policies = defaultPolicies(home)
    assert.deepEqual(
      policies.map(({ name, owner }) => [name, owner.kind === 'daemon' ? owner.name : '']),
      [
        ['error_log', 'sipd'],
        ['access_log', 'sipd'],
        ['stats_log', 'sipd'],
        ['sharedmem_stats_log', 'sipd'],
        ['agent.log', 'agent'],
        ['subagents.log', 'subagents'],
        ['console.log', 'console'],
        ['drfMA', ''],
        ['drfLA', ''],
        ['drfConfLib', ''],
      ],
    )
    assert.ok(policies.every(({ maxOctets }) => maxOctets === 5_000_000))
    assert.deepEqual(refuseOverlaps(policies).refused, [])
    const owner = ownerOf(home, '/nowhere/logs/agent/agent.log')
    assert.deepEqual(owner.kind === 'daemon' && [owner.name, owner.signal], ['agent', 'SIGUSR2'])
    assert.deepEqual(ownerOf(home, '/nowhere/logs/other'), { kind: 'nobody' })
  })
})

describe('the floor', () => {
  test('the alarm comes once, and goes only when there is some more than the floor', () => {
    const floor = new DiskFloor()
    const judge = (freeOctets: number) => floor.judge({ fileSystem: '1', freeOctets, totalOctets: 5000 }, 1000)
    assert.deepEqual([1000, 999, 500, 1000, 1049].map(judge), [undefined, 'reached', undefined, undefined, undefined])
    assert.deepEqual([1050, 1001, 999].map(judge), ['cleared', undefined, 'reached'])
  })
})

describe('what /proc says', () => {
  test('SigCgt tells whether a signal has a handler', () => {
    const status = 'Name:\tnode\nSigIgn:\t0000000000001000\nSigCgt:\t0000000108014602\n'
    assert.equal(catchesSignal(status, 2), true)
    assert.equal(catchesSignal(status, 12), false)
    assert.equal(catchesSignal('SigCgt:\t0000000000000800\n', 12), true)
    assert.equal(catchesSignal('Name:\tnode\n', 12), false)
  })

  test('flags tell whether a descriptor writes', () => {
    assert.equal(parseAccessMode('pos:\t0\nflags:\t0100000\nmnt_id:\t27\n'), 'read')
    assert.equal(parseAccessMode('pos:\t0\nflags:\t02102001\n'), 'write')
    assert.equal(parseAccessMode('pos:\t0\nflags:\t0100002\n'), 'both')
    assert.equal(parseAccessMode(''), 'both', 'who cannot be read may write')
  })
})

describe('the words of the control socket', () => {
  test('a name and --dry-run, in any order', () => {
    assert.deepEqual(parseRotateWords(['']), { name: undefined, isDryRun: false })
    assert.deepEqual(parseRotateWords(['access_log', '--dry-run']), { name: 'access_log', isDryRun: true })
    assert.throws(() => parseRotateWords(['a', 'b']), /rotate \[--dry-run\] \[NAME\] is the command, not rotate a b/)
    assert.throws(() => parseRotateWords(['--all']), /is the command/)
  })

  test('an answer of another version is said to be one', () => {
    assert.throws(() => parseReport('{"sentences": "all"}'), /restart them with the same version/)
  })
})

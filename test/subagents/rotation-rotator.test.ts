import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ManualClock } from '../../lib/time/clock.ts'
import { compress } from '../../subagents/log/rotation/compress.ts'
import { machineHost } from '../../subagents/log/rotation/finisher.ts'
import { until } from '../support/appliance.ts'
import { Ground } from './rotation-support.ts'

async function onGround(act: (ground: Ground) => Promise<void>): Promise<void> {
  const ground = new Ground()
  try {
    await act(ground)
  } finally {
    await ground.leave()
  }
}

describe('when a log is rotated', () => {
  test('by size: at its bound, not before, and what is compressed is what was in it', () =>
    onGround(async (ground) => {
      writeFileSync(ground.path('a_log'), 'x'.repeat(999))
      const rotator = ground.rotator([ground.policy('a_log', { maxOctets: 1000 })])
      await rotator.look()
      assert.deepEqual(ground.files('a_log'), ['a_log'])
      appendFileSync(ground.path('a_log'), 'y')
      chmodSync(ground.path('a_log'), 0o640)
      await rotator.look()
      await rotator.settled()
      const [only, ...more] = ground.files('a_log')
      assert.match(only!, /^a_log\.\d{10}\.gz$/)
      assert.deepEqual(more, [])
      assert.equal(ground.text('a_log'), `${'x'.repeat(999)}y`)
      assert.equal(statSync(ground.path(only!)).mode & 0o777, 0o640)
    }))

  test('by time: so long after the last time, over a restart too, and only when something is in it', () =>
    onGround(async (ground) => {
      const clock = new ManualClock(Date.now())
      const policy = ground.policy('a_log', { maxSeconds: 3600, compress: false })
      const more = { clock, statePath: ground.path('state.json') }
      writeFileSync(ground.path('a_log'), 'one\n')
      const first = ground.rotator([policy], more)
      await first.start()
      await first.look()
      clock.advance(3_500_000)
      await first.look()
      assert.deepEqual(ground.files('a_log'), ['a_log'])
      await first.stop()
      const second = ground.rotator([policy], more)
      await second.start()
      clock.advance(200_000)
      await second.look()
      assert.equal(existsSync(ground.path('a_log')), false, 'a restart does not begin the time again')
      writeFileSync(ground.path('a_log'), '')
      clock.advance(4_000_000)
      await second.look()
      assert.equal(ground.files('a_log').length, 2, 'an empty file stays')
      writeFileSync(ground.path('a_log'), 'two\n')
      await second.look()
      await second.settled()
      assert.equal(ground.files('a_log').length, 2)
      assert.equal(ground.text('a_log'), 'one\ntwo\n')
    }))

  test('by command: whatever its size; a name that is there already is never overwritten', () =>
    onGround(async (ground) => {
      const clock = new ManualClock(1_800_000_000_000)
      const rotator = ground.rotator([ground.policy('a_log', { compress: false })], { clock })
      writeFileSync(ground.path('a_log.1800000000'), 'of somebody\n')
      writeFileSync(ground.path('a_log.1800000000.1.gz'), gzipSync('of somebody else\n'))
      for (const line of ['one\n', 'two\n']) {
        writeFileSync(ground.path('a_log'), line)
        assert.equal((await rotator.rotate('a_log')).kind, 'rotated')
      }
      assert.equal(readFileSync(ground.path('a_log.1800000000.2'), 'utf8'), 'one\n')
      assert.equal(readFileSync(ground.path('a_log.1800000000.3'), 'utf8'), 'two\n')
      assert.equal(readFileSync(ground.path('a_log.1800000000'), 'utf8'), 'of somebody\n')
      const { kind, sentence } = await rotator.rotate('a_log')
      assert.equal(kind, 'nothing', sentence)
      await assert.rejects(rotator.rotate('b_log'), /no rotation policy is called b_log; there are: a_log/)
    }))

  test('what is no file is refused, and a link leads to the file that is rotated', () =>
    onGround(async (ground) => {
      mkdirSync(ground.path('folder_log'))
      mkdirSync(ground.path('far'))
      writeFileSync(ground.path('far/real_log'), 'one\n')
      symlinkSync(ground.path('far/real_log'), ground.path('link_log'))
      const policies = ['folder_log', 'link_log'].map((name) => ground.policy(name, { compress: false }))
      const rotator = ground.rotator(policies)
      assert.match((await rotator.rotate('folder_log')).sentence, /is not a regular file, so it is not rotated/)
      const outcome = await rotator.rotate('link_log')
      assert.ok(outcome.kind === 'rotated' && outcome.to.startsWith(ground.path('far/real_log.')), outcome.sentence)
    }))
})

describe('with the clock behind', () => {
  const keep = { files: 2, seconds: 90 * 86_400 }

  test('the file that is rotated is the newest by name, and the oldest goes', () =>
    onGround(async (ground) => {
      for (const name of ['a_log.1800000000', 'a_log.1800000001.gz', 'a_log.1800000001.1'])
        writeFileSync(ground.path(name), name.endsWith('.gz') ? gzipSync('') : `${name}\n`)
      // No battery clock: the machine starts in 1970, and its clock is set later.
      const rotator = ground.rotator([ground.policy('a_log', { compress: false, keep })], {
        clock: new ManualClock(60_000),
      })
      writeFileSync(ground.path('a_log'), 'new\n')
      const outcome = await rotator.rotate('a_log')
      await rotator.settled()
      assert.ok(outcome.kind === 'rotated' && outcome.to === ground.path('a_log.1800000001.2'), outcome.sentence)
      assert.deepEqual(ground.files('a_log'), ['a_log.1800000001.1', 'a_log.1800000001.2'])
    }))

  test('files from before the clock was set are known as rotated ones, and stay when it is set', () =>
    onGround(async (ground) => {
      const policy = ground.policy('a_log', { compress: false, keep, maxSeconds: 3600 })
      const statePath = ground.path('state.json')
      const atBoot = ground.rotator([policy], { clock: new ManualClock(60_000), statePath })
      for (const line of ['one\n', 'two\n']) {
        writeFileSync(ground.path('a_log'), line)
        assert.equal((await atBoot.rotate('a_log')).kind, 'rotated')
      }
      await atBoot.stop()
      const unset = Date.UTC(2020, 0, 1) / 1000
      assert.deepEqual(ground.files('a_log'), [`a_log.${unset}`, `a_log.${unset}.1`])
      writeFileSync(ground.path('a_log'), 'three\n')
      const later = ground.rotator([policy], { clock: new ManualClock(Date.now()), statePath })
      await later.start()
      await later.look()
      await later.settled()
      assert.equal(
        ground.text('a_log'),
        'one\ntwo\nthree\n',
        'neither aged out, nor taken for 56 years without rotation',
      )
      assert.ok(existsSync(ground.path('a_log')))
    }))
})

describe('what others may put in the folder', () => {
  const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root can make links of others' }

  test('a link of another user leads nowhere: what it names keeps its name', asRoot, () =>
    onGround(async (ground) => {
      mkdirSync(ground.path('far'))
      writeFileSync(ground.path('far/secrets'), 'one\n')
      symlinkSync(ground.path('far/secrets'), ground.path('a_log'))
      lchownSync(ground.path('a_log'), 65_534, 65_534)
      const outcome = await ground.rotator([ground.policy('a_log')]).rotate('a_log')
      assert.match(outcome.sentence, /is not a regular file, so it is not rotated/)
      assert.deepEqual(readdirSync(ground.path('far')), ['secrets'])
    }),
  )

  test('a link in the place of a renamed file is not compressed', () =>
    onGround(async (ground) => {
      writeFileSync(ground.path('secrets'), 'one\n')
      symlinkSync(ground.path('secrets'), ground.path('a_log.1800000000'))
      const rest = async (): Promise<void> => {}
      const signal = new AbortController().signal
      await assert.rejects(
        compress(ground.path('a_log.1800000000'), { signal, rest }),
        /a_log\.1800000000 is a symbolic link, which is not followed/,
      )
      assert.deepEqual(ground.files('a_log'), ['a_log.1800000000'])
    }))
})

describe('who writes a log', () => {
  test('an owner that opens again on its signal loses no line in 20 rotations', () =>
    onGround(async (ground) => {
      const { child, owner } = await ground.writer('a_log', 'reopen()')
      const rotator = ground.rotator([ground.policy('a_log', { owner })])
      for (let i = 0; i < 20; i++) {
        await until(() => existsSync(ground.path('a_log')) && statSync(ground.path('a_log')).size > 0, 2000)
        const { kind, sentence } = await rotator.rotate('a_log')
        assert.equal(kind, 'rotated', sentence)
        assert.match(sentence, /; writer has reopened its log$/)
      }
      const [[count]] = (await Promise.all([once(child.stdout!, 'data'), child.kill('SIGTERM')])) as [[Buffer], boolean]
      await rotator.settled()
      const lines = ground.text('a_log').split('\n').slice(0, -1)
      assert.equal(lines.length, Number(count))
      assert.equal(
        lines.findIndex((line, i) => line !== `line ${i + 1}`),
        -1,
        'the first line out of its place',
      )
      assert.equal(ground.files('a_log').length, 21)
    }))

  test('a file that is still written is never compressed; that is said once, and goes on when it is released', () =>
    onGround(async (ground) => {
      const { child, owner } = await ground.writer('a_log', '/* it hears, and does nothing */')
      const said: string[] = []
      const rotator = ground.rotator([ground.policy('a_log', { owner })], {
        reopenWithinMs: 100,
        events: { failed: (_, sentence) => said.push(sentence) },
      })
      await until(() => statSync(ground.path('a_log')).size > 0, 2000)
      const { kind, sentence } = await rotator.rotate('a_log')
      assert.equal(kind, 'held')
      assert.match(
        sentence,
        new RegExp(`still written by node \\(PID ${child.pid}\\), 0\\.1 s after the signal to reopen its log`),
      )
      await new Promise((resolve) => setTimeout(resolve, 500)) // several tries
      assert.deepEqual(said.length, 1, said.join('\n'))
      assert.match(ground.files('a_log').join(), /^a_log\.\d+$/)
      child.kill('SIGKILL')
      await until(() => ground.files('a_log')[0]!.endsWith('.gz'), 5000, 'the compression')
    }))

  test('a process that would end by the signal is not sent it', () =>
    onGround(async (ground) => {
      const { child, owner } = await ground.writer('a_log', undefined)
      const rotator = ground.rotator([ground.policy('a_log', { owner })], { reopenWithinMs: 100 })
      await until(() => statSync(ground.path('a_log')).size > 0, 2000)
      const { kind, sentence } = await rotator.rotate('a_log')
      assert.equal(kind, 'held')
      assert.match(sentence, /does not take SIGUSR2 at this time/)
      assert.equal(child.signalCode, null)
    }))

  test('a stranger that writes it is named and waited for; one that only reads it is not', () =>
    onGround(async (ground) => {
      const path = ground.path('a_log')
      writeFileSync(path, 'one\n')
      const rotator = ground.rotator([ground.policy('a_log')], { reopenWithinMs: 50 })
      const reader = openSync(path, 'r')
      assert.equal((await rotator.rotate('a_log')).kind, 'rotated')
      closeSync(reader)
      writeFileSync(path, 'two\n')
      const writer = openSync(path, 'a')
      const { kind, sentence } = await rotator.rotate('a_log')
      assert.equal(kind, 'held')
      assert.match(sentence, new RegExp(`\\(PID ${process.pid}\\), which is not its owner and gets no signal`))
      closeSync(writer)
    }))

  test('an owner that does not run is not waited for', () =>
    onGround(async (ground) => {
      writeFileSync(ground.path('a_log'), 'one\n')
      const owner = { kind: 'daemon', name: 'sipd', find: () => undefined, signal: 'SIGUSR2' } as const
      const outcome = await ground.rotator([ground.policy('a_log', { owner })]).rotate('a_log')
      assert.match(outcome.sentence, /; nobody writes it$/)
    }))

  test('who writes while it is compressed is noticed: the draft goes and the file stays whole', () =>
    onGround(async (ground) => {
      const path = ground.path('a_log.1800000000')
      writeFileSync(path, 'one\n')
      let isWritten = false
      const rest = async (): Promise<void> => {
        if (!isWritten) appendFileSync(path, 'two\n')
        isWritten = true
      }
      assert.equal(await compress(path, { signal: new AbortController().signal, rest }), 'written')
      assert.deepEqual(ground.files('a_log'), ['a_log.1800000000'])
      assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
      assert.equal(await compress(path, { signal: new AbortController().signal, rest }), 'compressed')
      assert.equal(ground.text('a_log'), 'one\ntwo\n')
    }))
})

describe('what goes wrong', () => {
  test('a cut at any point of a compression is repaired at the next start', () =>
    onGround(async (ground) => {
      const text = 'some line\n'.repeat(1000)
      const write = (name: string, content: string | Uint8Array): void => writeFileSync(ground.path(name), content)
      write('a_log', 'live\n')
      write('a_log.1800000001', '') // the name was made, the rename was not
      write('a_log.1800000002', text) // renamed only
      write('a_log.1800000003', text) // cut while it was compressed
      write('a_log.1800000003.gz.tmp', gzipSync(text).subarray(0, 20))
      write('a_log.1800000004', text) // compressed, and not removed
      write('a_log.1800000004.gz', gzipSync(text))
      write('a_log.1800000005', text) // of somebody else
      write('a_log.1800000005.gz', gzipSync('another\n'))
      const said: string[] = []
      const rotator = ground.rotator([ground.policy('a_log')], {
        events: { failed: (_, sentence) => said.push(sentence) },
      })
      await rotator.start()
      await rotator.settled()
      const all = [2, 3, 4, 5].map((number) => `a_log.180000000${number}.gz`)
      assert.deepEqual(ground.files('a_log'), ['a_log', ...all.slice(0, 3), 'a_log.1800000005', all[3]])
      assert.equal(ground.text('a_log'), `${text.repeat(4)}another\nlive\n`)
      assert.match(said.join(), /^\S+1800000005 and \S+\.gz are not of the same length; both stay/)
    }))

  test('a file that is not to be compressed is waited for over a restart', () =>
    onGround(async (ground) => {
      const policy = ground.policy('a_log', { compress: false })
      const statePath = ground.path('state.json')
      const unfinished = (): unknown => JSON.parse(readFileSync(statePath, 'utf8')).unfinished
      writeFileSync(ground.path('a_log'), 'one\n')
      const writer = openSync(ground.path('a_log'), 'a')
      const first = ground.rotator([policy], { statePath })
      const outcome = await first.rotate('a_log')
      await first.stop()
      assert.ok(outcome.kind === 'held')
      assert.deepEqual(unfinished(), { [outcome.to]: ground.path('a_log') })
      const second = ground.rotator([policy], { statePath })
      await second.start()
      closeSync(writer)
      await until(() => Object.keys(unfinished() as object).length === 0, 5000, 'the release')
    }))

  test('a state that is no state is told of, and begun again', () =>
    onGround(async (ground) => {
      const statePath = ground.path('state.json')
      writeFileSync(statePath, '{"beganMs": 3}')
      writeFileSync(ground.path('a_log'), 'one\n')
      const rotator = ground.rotator([ground.policy('a_log')], { statePath })
      await rotator.start()
      assert.equal((await rotator.rotate('a_log')).kind, 'rotated')
    }))

  test('a folder that cannot be written leaves the log as it is, and is told once with what to do', () =>
    onGround(async (ground) => {
      mkdirSync(ground.path('far'))
      const isRoot = process.getuid?.() === 0
      const mount = (...args: string[]): void => assert.equal(spawnSync('mount', args).status, 0)
      if (isRoot) mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', ground.path('far'))
      try {
        writeFileSync(ground.path('far/a_log'), 'one\n')
        if (isRoot) mount('-o', 'remount,ro', ground.path('far'))
        else chmodSync(ground.path('far'), 0o500)
        const said: string[] = []
        const policy = ground.policy('a_log', { path: ground.path('far/a_log'), maxOctets: 1 })
        const rotator = ground.rotator([policy], { events: { failed: (_, sentence) => said.push(sentence) } })
        await rotator.start()
        for (let i = 0; i < 3; i++) await rotator.look()
        assert.equal(said.length, 1)
        assert.match(said[0]!, isRoot ? /is read-only; mount it writable/ : /we have no right to; see who owns/)
        assert.equal(readFileSync(ground.path('far/a_log'), 'utf8'), 'one\n')
      } finally {
        if (isRoot) assert.equal(spawnSync('umount', [ground.path('far')]).status, 0)
        else chmodSync(ground.path('far'), 0o700)
      }
    }))

  test('a compression that hangs does not keep the rotator from stopping', () =>
    onGround(async (ground) => {
      writeFileSync(ground.path('a_log'), 'one\n')
      const host = { ...machineHost, compress: () => new Promise<never>(() => {}) }
      const rotator = ground.rotator([ground.policy('a_log')], { host })
      await rotator.rotate('a_log')
      await rotator.stop()
    }))
})

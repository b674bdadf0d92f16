import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { resolveHome } from '../../lib/home/home.ts'
import { createLog, silentLog } from '../../lib/log/log.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import type { Outlet } from '../../sipd/log/outlet.ts'
import { openSink, Sink } from '../../sipd/log/sink.ts'
import { until } from '../support/appliance.ts'

const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-log-')))
mkdirSync(home.logs)
after(() => rmSync(home.root, { recursive: true, force: true }))

const read = (name: string): string => readFileSync(join(home.logs, name), 'utf8')
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `line ${String(from + i).padStart(6, '0')}\n`)

/** A log that keeps what it is told. */
function heard(): { log: typeof silentLog; said: string[] } {
  const said: string[] = []
  return { said, log: createLog({ component: 'test', write: (line) => said.push(line.slice(25).trimEnd()) }) }
}

/** Takes what a test lets it: nothing while it is stuck, nothing and an error while it is full. */
class TestOutlet implements Outlet {
  readonly name = 'outlet'
  readonly files: string[] = ['']
  mode: 'free' | 'stuck' | 'full' = 'free'
  takenAtOnce = Number.POSITIVE_INFINITY
  release: () => void = () => {}

  async write(octets: Uint8Array): Promise<number> {
    if (this.mode === 'stuck') await new Promise<void>((resolve) => (this.release = resolve))
    if (this.mode === 'full') throw new Error('no space is left')
    const part = octets.subarray(0, this.takenAtOnce)
    this.files[this.files.length - 1] += Buffer.from(part).toString()
    return part.length
  }

  async reopen(): Promise<void> {
    this.files.push('')
  }

  async close(): Promise<void> {}
}

describe('a file', () => {
  test('gets every line in order, is appended to, and is for its owner alone', async () => {
    for (const [from, to] of [
      [0, 5000],
      [5000, 10_000],
    ] as const) {
      const sink = await openSink('logs/order', { home, clock: systemClock, log: silentLog })
      for (const line of lines(from, to)) sink.write(line)
      await sink.close()
      sink.write('after the end\n')
    }
    assert.equal(read('order'), lines(0, 10_000).join(''))
    assert.equal(statSync(join(home.logs, 'order')).mode & 0o777, 0o600)
  })

  test('is opened again after what was written before, and nothing is lost between', async () => {
    const sink = await openSink(join(home.logs, 'moved'), { home, clock: systemClock, log: silentLog })
    for (const line of lines(0, 100)) sink.write(line)
    await sink.flush()
    renameSync(join(home.logs, 'moved'), join(home.logs, 'moved.1'))
    for (const line of lines(100, 200)) sink.write(line)
    await sink.reopen()
    for (const line of lines(200, 300)) sink.write(line)
    await sink.close()
    assert.equal(read('moved.1'), lines(0, 200).join(''))
    assert.equal(read('moved'), lines(200, 300).join(''))
  })

  test('that cannot be opened is told with its path and the reason', async () => {
    const options = { home, clock: systemClock, log: silentLog }
    await assert.rejects(
      openSink('nowhere/access_log', options),
      /the log .*nowhere\/access_log cannot be opened: ENOENT/,
    )
    await assert.rejects(openSink('logs', options), /cannot be opened: EISDIR/)
  })

  test('on a full disk holds nobody up, says so once, and goes on where it is opened again', async () => {
    const clock = new ManualClock()
    const { log, said } = heard()
    const path = join(home.logs, 'full')
    symlinkSync('/dev/full', path)
    const sink = await openSink(path, { home, clock, log })
    for (const line of lines(0, 50)) sink.write(line)
    await sink.flush()
    await sink.flush()
    assert.deepEqual(said.length, 1)
    assert.match(said[0]!, /error {2}test: a log cannot be written; its lines wait to=\S+full error="ENOSPC/)
    rmSync(path)
    await sink.reopen()
    await sink.flush()
    assert.equal(read('full'), lines(0, 50).join(''))
    assert.match(said[1]!, /can be written again; no line was lost/)
    await sink.close()
  })
})

describe('the queue before it', () => {
  test('is bounded: lines beyond it are counted, and one line says how many when there is room again', async () => {
    const { log, said } = heard()
    const outlet = new TestOutlet()
    outlet.mode = 'stuck'
    const sink = new Sink(outlet, { clock: new ManualClock(), log, maxQueuedOctets: 120 })
    for (const line of lines(0, 30)) sink.write(line)
    outlet.mode = 'free'
    outlet.release()
    await sink.flush()
    assert.equal(outlet.files[0], lines(0, 10).join(''))
    assert.deepEqual(said, ['error  test: lines of a log were lost to=outlet lines=20'])
    sink.write('more\n')
    await sink.flush()
    assert.equal(said.length, 1)
  })

  test('is tried again every second while the outlet fails, without a sentence each time', async () => {
    const clock = new ManualClock()
    const { log, said } = heard()
    const outlet = new TestOutlet()
    outlet.mode = 'full'
    const sink = new Sink(outlet, { clock, log })
    sink.write('one\n')
    await sink.flush()
    for (let i = 0; i < 5; i++) {
      clock.advance(1000)
      await new Promise(setImmediate)
    }
    assert.equal(said.length, 1)
    outlet.mode = 'free'
    sink.write('two\n')
    assert.equal(outlet.files[0], '', 'a write does not try before its time')
    clock.advance(1000)
    await sink.flush()
    assert.equal(outlet.files[0], 'one\ntwo\n')
  })

  test('writes a line that only began in the old file whole to the new one', async () => {
    const outlet = new TestOutlet()
    outlet.takenAtOnce = 16 // line 0, and three octets of line 1
    const sink = new Sink(outlet, { clock: new ManualClock(), log: silentLog })
    const write = outlet.write.bind(outlet)
    let calls = 0
    outlet.write = async (octets) => {
      if (++calls === 2) throw new Error('no space is left')
      return write(octets)
    }
    sink.write(lines(0, 3).join(''))
    await sink.flush()
    outlet.takenAtOnce = Number.POSITIVE_INFINITY
    calls = 1 // the next fails too, and the file is opened again on that
    await sink.reopen()
    await sink.flush()
    assert.deepEqual(outlet.files, [`${lines(0, 2).join('').slice(0, 16)}`, lines(1, 3).join('')])
  })

  test('gathers lines for as long as it is told, and not when it is flushed', async () => {
    const clock = new ManualClock()
    const outlet = new TestOutlet()
    const sink = new Sink(outlet, { clock, log: silentLog, gatherMs: 50 })
    sink.write('one\n')
    clock.advance(49)
    assert.equal(outlet.files[0], '')
    clock.advance(1)
    await new Promise(setImmediate)
    assert.equal(outlet.files[0], 'one\n')
    sink.write('two\n')
    await sink.flush()
    assert.equal(outlet.files[0], 'one\ntwo\n')
  })

  test('says at its end how many lines it had to leave', async () => {
    const { log, said } = heard()
    const outlet = new TestOutlet()
    outlet.mode = 'full'
    const sink = new Sink(outlet, { clock: new ManualClock(), log })
    for (const line of lines(0, 7)) sink.write(line)
    await sink.close()
    assert.match(said.at(-1)!, /a log ends with lines that could not be written to=outlet lines=7/)
  })
})

describe('a program', () => {
  const script = (name: string, text: string): string => {
    const path = join(home.root, name)
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    return path
  }

  test('reads every line, with words by quotes, in the folder of the home, and no shell between', async () => {
    const program = script('cat to', 'cat >> "$1"')
    const sink = await openSink(`|"${program}" 'logs/$(id) piped'`, { home, clock: systemClock, log: silentLog })
    for (const line of lines(0, 20_000)) sink.write(line)
    await sink.close()
    assert.equal(read('$(id) piped'), lines(0, 20_000).join(''))
  })

  test('that cannot be started, or is no command, is told', async () => {
    const options = { home, clock: systemClock, log: silentLog }
    await assert.rejects(openSink('|/nowhere/program', options), /the log program \/nowhere\/program cannot be started/)
    await assert.rejects(openSink('|"open', options), /the quote at column 1 is not closed/)
    await assert.rejects(openSink('|', options), /the command is empty/)
  })

  test('that ends is started again, later each time; what waits meanwhile arrives', async () => {
    const clock = new ManualClock()
    const { log, said } = heard()
    // The first line makes it end.
    const program = script(
      'once',
      'IFS= read -r line; echo "$line" >> logs/once; [ "$line" = stay ] && cat >> logs/once',
    )
    const sink = await openSink(`|${program}`, { home, clock, log })
    const endings = (): string[] => said.filter((one) => one.includes('a log program ended'))
    for (const [i, delayMs] of [1000, 2000, 4000].entries()) {
      sink.write(`end ${i}\n`)
      await until(
        async () => {
          clock.advance(500) // to the restart, and to the next try of what waits
          await sink.flush()
          return endings().length === i + 1
        },
        5000,
        'the end of the program',
      )
      assert.match(endings()[i]!, new RegExp(`code=1 inMs=${delayMs}$`))
    }
    sink.write('stay\n')
    await until(
      async () => {
        clock.advance(500)
        await sink.flush()
        return read('once').includes('stay\n')
      },
      5000,
      'the line that waits',
    )
    sink.write('last\n')
    await sink.close()
    assert.equal(read('once'), 'end 0\nend 1\nend 2\nstay\nlast\n')
    assert.ok(!said.some((one) => one.includes('lines of a log were lost')))
  })

  test('that reads nothing holds nobody up, and is killed at the end', async () => {
    const clock = new ManualClock()
    const { log, said } = heard()
    const program = script('deaf', 'exec sleep 600')
    const sink = await openSink(`|${program}`, { home, clock, log, maxQueuedOctets: 1 << 20 })
    for (let i = 0; i < 4000; i++) sink.write(`${'x'.repeat(1023)}\n`)
    const closed = sink.close()
    for (let i = 0; i < 3; i++) {
      await new Promise(setImmediate)
      clock.advance(2000)
    }
    await closed
    assert.ok(said.some((one) => /did not end with its input and was killed/.test(one)))
    assert.ok(said.some((one) => /a log ends with lines that could not be written/.test(one)))
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { parseInvocation } from '../../sipd/log/rotatelogs/arguments.ts'
import { type RotationRule, Rotator } from '../../sipd/log/rotatelogs/rotator.ts'
import { mutate, randomFrom } from '../support/mutate.ts'

const folder = mkdtempSync(join(tmpdir(), 'castellan-rotatelogs-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let folders = 0

/** A rotator on a folder of its own, with a clock that is set by hand. */
function rotator(rule: RotationRule, startSeconds = 1_700_000_000) {
  const own = join(folder, String(++folders))
  mkdirSync(own)
  const said: string[] = []
  const at = { seconds: startSeconds }
  return {
    own,
    said,
    at,
    rotator: new Rotator({
      path: join(own, 'log'),
      rule,
      nowMs: () => at.seconds * 1000 + 999,
      complain: (sentence) => said.push(sentence),
    }),
    write(text: string) {
      this.rotator.write(Buffer.from(text))
    },
    files: () => Object.fromEntries(readdirSync(own).map((name) => [name, readFileSync(join(own, name), 'utf8')])),
  }
}

const hourly = { everySeconds: 3600, offsetSeconds: 0 }

describe('by time', () => {
  test('a file is named after the start of its interval, and one without lines is not made', () => {
    const it = rotator(hourly, 7200)
    it.write('one\n')
    it.at.seconds = 10_799
    it.write('two\n')
    it.at.seconds = 18_000
    it.write('three\n')
    it.rotator.end()
    assert.deepEqual(it.files(), { 'log.7200': 'one\ntwo\n', 'log.18000': 'three\n' })
  })

  test('a line that began before the interval ended goes whole to the next file', () => {
    const it = rotator(hourly, 7200)
    it.write('one\nbegun ')
    it.at.seconds = 10_800
    it.write('and ended\nopen')
    it.rotator.end()
    assert.deepEqual(it.files(), { 'log.7200': 'one\n', 'log.10800': 'begun and ended\nopen\n' })
  })

  test('an offset from UTC moves the start of a day to local midnight', () => {
    const newYork = { everySeconds: 86_400, offsetSeconds: -300 * 60 }
    const it = rotator(newYork, Date.UTC(2026, 0, 2, 4, 59) / 1000)
    it.write('still the first\n')
    it.at.seconds += 60
    it.write('the second\n')
    it.rotator.end()
    const midnights = [1, 2].map((day) => Date.UTC(2026, 0, day, 5) / 1000)
    assert.deepEqual(it.files(), {
      [`log.${midnights[0]}`]: 'still the first\n',
      [`log.${midnights[1]}`]: 'the second\n',
    })
  })

  test('a file that is there already is appended to', () => {
    const it = rotator(hourly, 7200)
    it.write('one\n')
    it.rotator.end()
    const again = new Rotator({ path: join(it.own, 'log'), rule: hourly, nowMs: () => 7_300_000, complain: () => {} })
    again.write(Buffer.from('two\n'))
    again.end()
    assert.deepEqual(it.files(), { 'log.7200': 'one\ntwo\n' })
  })
})

describe('by size', () => {
  test('no file grows beyond the size, however the input is cut, and nothing is lost or split', () => {
    const random = randomFrom(7)
    const it = rotator({ maxOctets: 1000 }, 50)
    const lines = Array.from({ length: 500 }, (_, i) => `${i} ${'x'.repeat(Math.floor(random() * 90))}\n`)
    const text = lines.join('')
    for (let at = 0; at < text.length; ) {
      const length = 1 + Math.floor(random() * 3000)
      it.write(text.slice(at, at + length))
      at += length
    }
    it.rotator.end()
    const files = Object.entries(it.files()).sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)))
    assert.equal(files.map(([, content]) => content).join(''), text)
    for (const [name, content] of files) {
      assert.ok(content.length <= 1000, name)
      assert.ok(content.endsWith('\n'), name)
    }
    assert.equal(files[0]?.[0], 'log.50')
    assert.ok(files.length < text.length / 850, 'files are filled')
  })

  test('a line that is longer than the size has a file of its own', () => {
    const it = rotator({ maxOctets: 10 }, 50)
    it.write(`a\n${'b'.repeat(30)}\nc\n`)
    it.rotator.end()
    assert.deepEqual(it.files(), { 'log.50': 'a\n', 'log.51': `${'b'.repeat(30)}\n`, 'log.52': 'c\n' })
  })
})

describe('with the clock behind the files that are there', () => {
  for (const [rule, name] of [
    [hourly, 'time'],
    [{ maxOctets: 6 }, 'size'],
  ] as const)
    test(`a new file by ${name} gets a name above them`, () => {
      const it = rotator(rule, 7200)
      writeFileSync(join(it.own, 'log.1700000000'), 'older\n')
      writeFileSync(join(it.own, 'log.1600000000.gz'), '')
      it.write('first\n')
      it.at.seconds = 18_000
      it.write('later\n')
      it.rotator.end()
      const names = Object.keys(it.files()).sort()
      assert.deepEqual(
        names.map((file) => it.files()[file]),
        ['', 'older\n', 'first\n', 'later\n'],
        names.join(),
      )
    })
})

test('a line without an end is broken at a mebibyte, so that memory stays bounded', () => {
  const it = rotator(hourly, 7200)
  for (let i = 0; i < 40; i++) it.write('x'.repeat(65_536))
  it.rotator.end()
  const lines = it.files()['log.7200']!.split('\n')
  assert.equal(lines.join('').length, 40 * 65_536)
  assert.ok(lines.every(({ length }) => length <= 1024 * 1024 + 65_536))
})

test('octets come out as they went in, UTF-8 or not', () => {
  const random = randomFrom(3)
  const it = rotator({ maxOctets: 4096 }, 50)
  const sent: Buffer[] = []
  for (let i = 0; i < 200; i++) {
    const chunk = Buffer.from(mutate(Buffer.from(`line ${i} \u00e9\u20ac\n`), random))
    sent.push(chunk)
    it.rotator.write(Buffer.from(chunk))
  }
  it.rotator.write(Buffer.from('\n'))
  it.rotator.end()
  const names = readdirSync(it.own).sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
  const got = Buffer.concat(names.map((name) => readFileSync(join(it.own, name))))
  assert.deepEqual(got, Buffer.concat([...sent, Buffer.from('\n')]))
})

test('on a full disk it goes on, complains once, and says what was lost when there is room again', () => {
  const it = rotator(hourly, 7200)
  symlinkSync('/dev/full', join(it.own, 'log.7200'))
  for (let i = 0; i < 100; i++) it.write(`line ${i}\n`)
  assert.equal(it.said.length, 1)
  assert.match(it.said[0]!, /log\.7200 cannot be written: ENOSPC.*; lines are lost until it can/)
  it.at.seconds = 10_800
  it.write('room\n')
  it.rotator.end()
  assert.equal(readFileSync(join(it.own, 'log.10800'), 'utf8'), 'room\n')
  assert.match(it.said[1]!, /log\.10800 is written again; 100 lines were lost/)
  assert.equal(it.rotator.lostLines, 100)
})

test('a folder that goes and comes back costs the lines in between', () => {
  const it = rotator(hourly, 7200)
  rmSync(it.own, { recursive: true })
  it.write('lost\n')
  mkdirSync(it.own)
  it.write('kept\n')
  it.rotator.end()
  assert.deepEqual(it.files(), { 'log.7200': 'kept\n' })
  assert.match(it.said.join(), /ENOENT.*,.*1 lines were lost/)
})

for (const [args, expected] of [
  [['log'], { everySeconds: 86_400, offsetSeconds: 0 }],
  [['log', '3600', '-300'], { everySeconds: 3600, offsetSeconds: -18_000 }],
  [['log', '5M'], { maxOctets: 5 * 1024 * 1024 }],
  [['log', '20K'], { maxOctets: 20_480 }],
] as const) {
  test(`rotatelogs ${args.join(' ')} is understood`, () =>
    assert.deepEqual(parseInvocation(args), { kind: 'rotate', path: 'log', rule: expected }))
}
for (const args of [
  [],
  ['log', '0'],
  ['log', '0M'],
  ['log', 'daily'],
  ['log', '5M', '60'],
  ['log', '60', 'x'],
  ['log%Y', '60'],
  ['-l', 'log', '60'],
  ['log', '60', '0', 'more'],
]) {
  test(`rotatelogs ${args.join(' ')} is wrong usage`, () => assert.equal(parseInvocation(args).kind, 'wrong'))
}

describe('bin/rotatelogs', () => {
  const run = async (args: string[], input: (stdin: NodeJS.WritableStream) => void) => {
    const child = spawn(process.execPath, [join(programRoot, 'bin', 'rotatelogs'), ...args])
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk) => (said.out += chunk))
    child.stderr.on('data', (chunk) => (said.err += chunk))
    child.stdin.on('error', () => {}) // it ended without reading
    input(child.stdin)
    const [code] = (await once(child, 'close')) as [number]
    return { code, ...said }
  }

  test('reads to the end and exits with 0; its options and mistakes have the exit codes of all tools', async () => {
    const path = join(folder, 'daily')
    const text = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join('')
    assert.deepEqual(await run([path, '315360000'], (stdin) => stdin.end(text)), { code: 0, out: '', err: '' })
    assert.equal(readFileSync(`${path}.1576800000`, 'utf8'), text)
    const end = (stdin: NodeJS.WritableStream) => stdin.end()
    assert.match((await run(['--help'], end)).out, /^usage: rotatelogs PATH/)
    assert.match((await run(['--version'], end)).out, /^rotatelogs \d+\.\d+/)
    assert.equal((await run([], end)).code, 2)
    const nowhere = await run([join(folder, 'nowhere', 'log')], end)
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.err, /rotatelogs: the folder of .* cannot be written: ENOENT/)
  })

  test('drains its input on a full disk, says so once, and exits with 1', async () => {
    const path = join(folder, 'never')
    symlinkSync('/dev/full', `${path}.1576800000`)
    const { code, err } = await run([path, '315360000'], (stdin) => stdin.end('line\n'.repeat(200_000)))
    assert.equal(code, 1)
    assert.equal(err.trimEnd().split('\n').length, 1)
  })
})

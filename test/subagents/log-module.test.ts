import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import type { MibModule, ModuleHost } from '../../lib/mib/module.ts'
import { programRoot } from '../../lib/program-root.ts'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { logModule } from '../../subagents/log/index.ts'
import { MatchLimit } from '../../subagents/log/match-limit.ts'
import { until } from '../support/appliance.ts'

interface Sent {
  readonly name: string
  readonly index: unknown
  readonly values: Readonly<Record<string, unknown>>
  readonly sentence: string
}

const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-logs-')))
const path = join(home.logs, 'sipd', 'error_log')
let sent: Sent[] = []
const running: { stop(): Promise<void> }[] = []

beforeEach(() => {
  for (const folder of [home.conf, home.data, join(home.logs, 'sipd')]) mkdirSync(folder, { recursive: true })
  sent = []
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
  rmSync(home.root, { recursive: true })
})

/** Starts the module with these lines of logagt.cnf; what it notifies is in `sent`. */
async function start(...lines: string[]) {
  const { module, configured } = logModule(home)
  const cnf = join(home.conf, 'logagt.cnf')
  writeFileSync(cnf, `${lines.join('\n')}\n`, { mode: 0o600 })
  const file = new ConfigFile(configured, { path: cnf, overlayPath: join(home.data, 'logagt.cnf') })
  assert.deepEqual(await file.load(), [])
  const host: ModuleHost = {
    clock: systemClock,
    log: silentLog,
    signal: new AbortController().signal,
    upTimeTicks: () => 0,
    notify: ({ name }, index, values, sentence) => sent.push({ name, index, values, sentence }),
  }
  await module.start!(host)
  const one = { stop: () => module.stop!() }
  running.push(one)
  const table = module.tables[0]!.table
  /** The value of a column of a row, as a manager reads it. */
  const read = (name: string, index = 1): unknown => {
    const object = table.objects.find(({ bound }) => bound.name === name)!
    const value = object.valueAt(object.find([index], 0, 1))
    return 'value' in value ? value.value : undefined
  }
  return { module, file, cnf, read, table, stop: async () => void (await running.splice(0)[0]?.stop()) }
}

/** What a manager sets on the row with index 1. */
function act(module: MibModule, changes: Readonly<Record<string, boolean>>): void {
  const { table, handlers } = module.tables[0]!
  const row = { ...table.getAny([1])! }
  handlers.commit!({ before: row, after: row, changes, requester: undefined } as never)!.finish!()
}

const entry = (index: number, fileName: string, regExp: string, rest = '- yes 0 0 - yes 1 no csps active') =>
  `siLogEntry ${index} "log ${index}" ${fileName} ${regExp} no 0 0 0 ${rest}`
const named = (name: string): Sent[] => sent.filter((one) => one.name === name)
const came = (name: string, count = 1): Promise<void> => until(() => named(name).length >= count, 5000, name)

test('the lines that the ancestor prints load, and those that are shipped', async () => {
  const { table } = await start(readFileSync(join(programRoot, 'test/fixtures/seed/logagt.cnf'), 'utf8'))
  assert.deepEqual(
    [...table.rows()].map((row) => (row as { siLogFileName: string }).siLogFileName),
    ['/usr/local/sip/logs/error_log', '/usr/local/sip/logs/access_log'],
  )
})

test('siLogMaxSizeExceeded comes once a crossing, and siLogMaxSizeCleared once after', async () => {
  writeFileSync(path, 'x'.repeat(60))
  const { read, stop } = await start(entry(1, path, '-', '- no 0 50 - yes 1 no csps active'))
  await came('siLogMaxSizeExceeded')
  assert.deepEqual([read('siLogSize'), read('siLogSizeState')], [60, 2])
  assert.match(sent[0]!.sentence, /error_log has 60 octets, more than 50$/)
  appendFileSync(path, 'more')
  await until(() => read('siLogSize') === 64, 3000, 'the next poll')
  await stop()
  const again = await start(entry(1, path, '-', '- no 0 50 - yes 1 no csps active'))
  await until(() => again.read('siLogSize') === 64, 3000, 'the first poll')
  truncateSync(path)
  await came('siLogMaxSizeCleared')
  assert.equal(again.read('siLogRotations'), 1)
  assert.deepEqual(
    sent.map(({ name }) => name),
    ['siLogMaxSizeExceeded', 'siLogMaxSizeCleared'],
  )
})

test('a row that is polled only when asked to reads to the end then, also behind a hole', async () => {
  writeFileSync(path, '')
  const line = entry(1, path, '^error', '- no 0 0 - yes 0 no csps active')
  const { read, module } = await start('siLogGlobalPollInterval 0', line)
  act(module, { siLogPollNow: true })
  await until(() => read('siLogOperState') === 1, 3000, 'the first poll')
  truncateSync(path, 9 * 1024 * 1024)
  appendFileSync(path, 'error\n')
  act(module, { siLogPollNow: true })
  await until(() => read('siLogMatches') === 1, 3000, 'the line behind the hole')
})

test('a line that matches is notified whole, with its number; others are not', async () => {
  writeFileSync(path, 'error before\n')
  const { read } = await start(entry(1, path, '"^error (\\d+)"', '- yes 0 0 - yes 60 no csps active'))
  await until(() => read('siLogOffset') === 13, 3000, 'the first poll')
  appendFileSync(path, 'well\nerror 17 of the line\n')
  await came('siLogMatchFound')
  const { siLogDescr: descr, siLogMatches: matches, siLogLastMatch: line } = sent[0]!.values
  assert.deepEqual([descr, matches, line], ['log 1', 1, 'error 17 of the line'])
  assert.deepEqual([read('siLogMatches'), read('siLogOperState'), sent.length], [1, 1, 1])
})

test('nothing is lost or told twice over a restart, and the numbers go on', async () => {
  writeFileSync(path, '')
  const first = await start(entry(1, path, 'error'))
  await until(() => first.read('siLogOperState') === 1, 3000)
  appendFileSync(path, 'error 1\n')
  await came('siLogMatchFound')
  await first.stop()
  appendFileSync(path, 'error 2\n')
  const second = await start(entry(1, path, 'error'))
  await came('siLogMatchFound', 2)
  await until(() => second.read('siLogMatches') === 2, 1000)
  assert.deepEqual(
    sent.map(({ values }) => values.siLogLastMatch),
    ['error 1', 'error 2'],
  )
})

test('commands get the text in their environment, and no shell sees it', async () => {
  writeFileSync(path, '')
  const program = join(home.root, 'told')
  const out = join(home.root, 'out')
  writeFileSync(program, `#!/bin/sh\nprintf '%s|%s|%s' "$CASTELLAN_LOG_REASON" "$CASTELLAN_LOG_LINE" "$1" >> ${out}\n`)
  chmodSync(program, 0o700)
  const { read } = await start(entry(1, path, 'error', `"${program} $HOME" no 0 50 - yes 1 no csps active`))
  await until(() => read('siLogOperState') === 1, 3000)
  appendFileSync(path, `error $(touch ${home.root}/pwned); \`id\`\n`)
  await until(() => read('siLogCommandResult') === 0, 3000, 'the command')
  assert.equal(readFileSync(out, 'utf8'), `match|error $(touch ${home.root}/pwned); \`id\`|$HOME`)
  assert.equal(existsSync(join(home.root, 'pwned')), false)
  assert.equal(named('siLogMatchFound').length, 0)
})

test('(a+)+$ is told on its row and given up after the third time; another row goes on', async () => {
  const other = join(home.logs, 'sipd', 'access_log')
  for (const file of [path, other]) writeFileSync(file, '')
  const { read } = await start(entry(1, path, '(a+)+$'), entry(2, other, 'error'))
  await until(() => read('siLogOperState', 1) === 1 && read('siLogOperState', 2) === 1, 3000)
  appendFileSync(path, `${'a'.repeat(60)}!\naa\n`)
  appendFileSync(other, 'error\n')
  await came('siLogMonitorProblem')
  await came('siLogMatchFound', 2)
  assert.deepEqual([read('siLogOperState', 1), read('siLogOperState', 2)], [5, 1])
  appendFileSync(path, `${'a'.repeat(60)}!\n${'a'.repeat(60)}!\n`)
  await until(() => read('siLogOperState', 1) === 6, 5000, 'the end of it')
  assert.match(String(named('siLogMonitorProblem').at(-1)!.sentence), /for the third time/)
})

test('a storm is told by as many as allowed, and by one that counts the rest', () => {
  const clock = new ManualClock()
  const summaries: number[] = []
  const matchLimit = new MatchLimit({ clock, limit: () => 3, summarize: (count) => summaries.push(count) })
  const admitted = Array.from({ length: 10 }, () => matchLimit.admits()).filter(Boolean).length
  assert.deepEqual([admitted, matchLimit.summarized], [3, 7])
  clock.advance(60_000)
  assert.deepEqual(summaries, [7])
  assert.equal(matchLimit.admits(), true)
  clock.advance(60_000)
  assert.deepEqual(summaries, [7], 'a minute without a storm has no summary')
})

test('what was counted in a storm is told after a restart', () => {
  const clock = new ManualClock()
  const summaries: number[] = []
  new MatchLimit({ clock, limit: () => 3, summarize: (count) => summaries.push(count) }, 5)
  clock.advance(60_000)
  assert.deepEqual(summaries, [5])
})

test('a file that is not there is told when it goes, and read from its beginning when it comes', async () => {
  writeFileSync(path, 'x\n')
  const { read } = await start(entry(1, path, 'error'))
  await until(() => read('siLogOperState') === 1, 3000)
  copyFileSync(path, `${path}.copy`)
  rmSync(path)
  await came('siLogMonitorProblem')
  assert.match(sent[0]!.sentence, /is not there$/)
  writeFileSync(path, 'error first\n')
  await came('siLogMatchFound')
})

test('a row is rotated by its own policy, told of what it missed, and followed on', async () => {
  writeFileSync(path, '')
  const policy = `${entry(1, path, 'error')} 0 - nonVolatile 100 0 2`
  const { read, module } = await start(policy)
  await until(() => read('siLogOperState') === 1, 3000)
  let number = 0
  const write = (): void => appendFileSync(path, `error ${number++} of many\n`)
  for (let i = 0; i < 20; i++) write()
  for (let times = 1; times <= 3; times++) {
    // While the last rotation is under way, another order is the same.
    const isMoved = (): boolean => {
      act(module, { siLogRotateNow: true })
      return !existsSync(path)
    }
    await until(isMoved, 5000, 'the renaming')
    for (let i = 0; i < 20; i++) write()
    // Three within milliseconds would leave no time to read what is to go: two files are kept.
    await until(() => read('siLogMatches') === number, 10_000, 'every line')
  }
  assert.equal(read('siLogRotateLastError')!.toString(), '')
  const kept = () => readdirSync(join(home.logs, 'sipd')).filter((name) => name.startsWith('error_log.'))
  await until(() => kept().length === 2 && kept().every((name) => name.endsWith('.gz')), 10_000, 'two kept files')
})

test('a log that is rotated above its largest size is notified as exceeded and cleared, whichever timer is first', async () => {
  writeFileSync(path, '')
  const policy = `${entry(1, path, '-', '- no 0 50 - yes 86400 no csps active')} 0 - nonVolatile 50 0 9`
  const { read, module } = await start(policy)
  await until(() => read('siLogOperState') === 1, 3000, 'the only poll for a day')
  for (let times = 1; times <= 3; times++) {
    appendFileSync(path, 'x'.repeat(60))
    act(module, { siLogRotateNow: true })
    await until(() => !existsSync(path), 5000, 'the renaming')
    writeFileSync(path, '')
    act(module, { siLogPollNow: true })
    await came('siLogMaxSizeCleared', times)
  }
  // A poll may find no file between the renaming and the next file, and say so.
  const sizes = sent.map(({ name }) => name).filter((name) => name.startsWith('siLogMaxSize'))
  assert.deepEqual(sizes, Array.from({ length: 3 }, () => ['siLogMaxSizeExceeded', 'siLogMaxSizeCleared']).flat())
  assert.match(named('siLogMaxSizeExceeded')[0]!.sentence, /has 60 octets, more than 50$/)
})

test('a rotated file that went before all of it was read is told of and counted, also over a restart', async () => {
  writeFileSync(path, 'error 1\n')
  const line = entry(1, path, 'error')
  const first = await start(line)
  await until(() => first.read('siLogOperState') === 1, 3000, 'the first poll')
  assert.equal(first.read('siLogFilesLost'), 0)
  await first.stop()
  appendFileSync(path, 'error 2\n')
  rmSync(path)
  writeFileSync(path, 'error 3\n')
  const second = await start(line)
  await until(() => second.read('siLogFilesLost') === 1, 3000, 'the count')
  await came('siLogMonitorProblem')
  assert.match(sent.find(({ name }) => name === 'siLogMonitorProblem')!.sentence, /a rotated file of .*error_log went,/)
  assert.match(Buffer.from(second.read('siLogLastError') as Uint8Array).toString(), /lines may have gone unseen$/)
  await second.stop()
  const third = await start(line)
  await until(() => third.read('siLogOperState') === 1, 3000, 'the first poll')
  assert.equal(third.read('siLogFilesLost'), 1)
})

test('a manager may name files below the log folders only, and regular expressions that are some', async () => {
  const { module } = logModule(home)
  const { table, handlers } = module.tables[0]!
  const row = { siLogIndex: 1, siLogRegExp: '', siLogFileName: path }
  const test = (after: object) =>
    handlers.test!({ before: undefined, after, changes: {}, requester: undefined } as never)
  assert.equal(table.size, 0)
  assert.equal(test(row), undefined)
  for (const siLogFileName of ['/etc/shadow', `${home.logs}/../data/log.json`, 'logs/error_log', `${home.logs}x/y`])
    assert.deepEqual(test({ ...row, siLogFileName }), { status: 'inconsistentValue', column: 'siLogFileName' })
  assert.deepEqual(test({ ...row, siLogRegExp: '(' }), { status: 'inconsistentValue', column: 'siLogRegExp' })
})

test('a state that is not understood is kept aside and notified, and keeps nothing from being watched', async () => {
  writeFileSync(path, 'error old\n')
  mkdirSync(join(home.data, 'subagents'))
  const generation = '{"fileName":"x","matches":0,"rotations":0,"untold":[],"follower":{"generations":[{}],"done":[]}}'
  const states = ['{"1":{"fileName":17}}', '{', 'null', '{"1":null}', `{"1":${generation}}`]
  for (const [i, state] of states.entries()) {
    writeFileSync(join(home.data, 'subagents', 'log.json'), state)
    const { read, stop } = await start(entry(1, path, 'error'), entry(2, join(home.logs, 'other_log'), '-'))
    await until(() => read('siLogOperState') === 1, 3000, state)
    await came('siLogMonitorProblem', i + 1)
    assert.match(sent.at(-1)!.sentence, /error_log is followed from its end: cannot read .*it was kept as .*\.broken$/)
    assert.match(Buffer.from(read('siLogLastError') as Uint8Array).toString(), /is followed from its end/)
    await stop()
    assert.equal(readFileSync(join(home.data, 'subagents', 'log.json.broken'), 'utf8'), state)
  }
  assert.equal(sent.length, states.length, 'once for each row with a pattern')
})

test('a log in UTF-16 says so once, and its size is watched', async () => {
  writeFileSync(path, Buffer.from('\ufefferror\n', 'utf16le'))
  const { read } = await start(entry(1, path, 'error', '- yes 0 1 - yes 1 no csps active'))
  await came('siLogMonitorProblem')
  await came('siLogMaxSizeExceeded')
  assert.match(named('siLogMonitorProblem')[0]!.sentence, /is in UTF-16, so that no line matches/)
  assert.deepEqual([read('siLogOperState'), read('siLogSizeState')], [7, 2])
  assert.equal(named('siLogMonitorProblem').length, 1)
})

test('a changed line of the file is taken without losing what was counted', async () => {
  writeFileSync(path, '')
  const { file, cnf, read } = await start(entry(1, path, 'error'))
  await until(() => read('siLogOperState') === 1, 3000)
  appendFileSync(path, 'error 1\n')
  await came('siLogMatchFound')
  writeFileSync(cnf, `${entry(1, path, 'warning')}\n`, { mode: 0o600 })
  assert.deepEqual(await file.load(), [])
  appendFileSync(path, 'error 2\nwarning 3\n')
  await came('siLogMatchFound', 2)
  assert.deepEqual([read('siLogMatches'), sent[1]!.values.siLogLastMatch], [2, 'warning 3'])
})

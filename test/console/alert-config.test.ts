/** alerts.cnf: the lines that the shipped file shows, and what is said of those that cannot be. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkAlertConfig, readAlertConfig } from '../../console/alerts/config.ts'
import { endOf, isWithin, parseHours } from '../../console/alerts/hours.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'

const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-alert-config-')))
after(() => rmSync(home.root, { recursive: true }))
const folder = join(home.conf, 'console')
mkdirSync(folder, { recursive: true })
const write = (text: string): void => writeFileSync(join(folder, 'alerts.cnf'), text, { mode: 0o600 })
const shipped = readFileSync(join(programRoot, 'conf', 'console', 'alerts.cnf'), 'utf8')

test('every line that the shipped file shows as an example is good', async () => {
  write(shipped.replace(/^# (alert\w+ )/gm, '$1'))
  assert.deepEqual(await checkAlertConfig(home), [])
  const config = await readAlertConfig(home)
  assert.deepEqual(
    config.rules.map(({ name, severity, about, to, remindMinutes, escalateTo }) => [
      name,
      severity,
      about,
      to,
      remindMinutes,
      escalateTo,
    ]),
    [
      ['noise', 'ignore', '', [], 0, []],
      ['night', 'asIs', '', ['mail:oncall@example.com'], 60, ['mail:chief@example.com']],
      ['all', 'asIs', '', ['mail:ops@example.com'], 0, []],
    ],
  )
  assert.deepEqual(
    [config.mailServer?.port, config.mailServer?.passwordFile, config.digest?.minute, config.heartbeat?.everySeconds],
    [587, 'mail.password', 420, 300],
  )
  assert.deepEqual(config.limit, { messages: 20, spanMs: 600_000 })
})

test('a line that cannot be says its place, what it must be and what to do', async () => {
  for (const [line, complaint] of [
    [
      'alertRuleEntry all * - asIs always mail:ops@example.com',
      /1:36 .*mail needs a server; add a line alertMailServer/,
    ],
    ['alertRuleEntry all * - asIs always webhook:chat', /there is no alertWebhookEntry chat; the file names none/],
    [
      'alertRuleEntry all * - asIs always ops@example.com',
      /expected mail:ADDRESS or webhook:NAME, got ops@example.com/,
    ],
    [
      'alertRuleEntry all * - grave always -',
      /severity must be asIs, critical, major, minor, info, ignore, got "grave"/,
    ],
    ['alertRuleEntry all * - asIs 8-18 -', /hours must be always, 08:00-18:00 or mon-fri\/08:00-18:00, got "8-18"/],
    ['alertMailServer example.com starttls', /server must be HOST:PORT/],
    [
      'alertMailServer example.com:25 starttls me ../secret',
      /passwordFile must be the name of a file in conf\/console/,
    ],
    ['alertHeartbeat file:///etc/passwd 60', /url must be a URL that begins with http/],
  ] as const) {
    write(`${line}\n`)
    const [found, ...more] = await checkAlertConfig(home)
    assert.deepEqual(more, [], line)
    assert.match(`${found?.line}:${found?.column} ${found?.message}`, complaint)
  }
})

test('hours may go over midnight, and belong to the day on which they begin', () => {
  const night = parseHours('fri/22:00-06:00')!
  const at = (day: number, hour: number): Date => new Date(2026, 0, day, hour, 30)
  // The 9th of January 2026 is a Friday.
  assert.deepEqual(
    [at(9, 21), at(9, 22), at(10, 5), at(10, 6), at(10, 22), at(9, 5)].map((one) => isWithin(night, one)),
    [false, true, true, false, false, false],
  )
  assert.deepEqual(endOf(night, at(9, 23)), new Date(2026, 0, 10, 6))
  for (const none of ['', '8:00-9:00', '08:00-08:00', '25:00-26:00', 'abc/08:00-09:00', 'mon/always'])
    assert.equal(parseHours(none), undefined, none)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AccessEntry } from '../../sipd/log/access-entry.ts'
import { compileLogFormat, defaultLogFormats, LogFormatError } from '../../sipd/log/log-format.ts'
import { compileStrftime } from '../../sipd/log/strftime.ts'

process.env.TZ = 'America/New_York'

const headers: Record<string, string> = { 'user-agent': 'phone/1.0 "x"', 'call-id': '1@192.0.2.1' }
const entry = (changed: Partial<AccessEntry> = {}): AccessEntry => ({
  remoteAddress: '192.0.2.1',
  remotePort: 5062,
  localPort: 5060,
  user: undefined,
  timeMs: Date.UTC(2026, 6, 4, 3, 4, 5, 678),
  method: 'INVITE',
  requestUri: 'sip:bob@example.com',
  version: 'SIP/2.0',
  status: 486,
  octetsSent: 512,
  durationMs: 2345.6789,
  header: (name) => headers[name.toLowerCase()],
  responseHeader: (name) => (name === 'Server' ? 'Castellan' : undefined),
  ...changed,
})
const print = (format: string, changed?: Partial<AccessEntry>): string =>
  compileLogFormat(format, { serverName: 'proxy.example.com', pid: 42 })(entry(changed))

test('the four nicknames print what Apache prints, in local time with its offset', () => {
  const common = '192.0.2.1 - - [03/Jul/2026:23:04:05 -0400] "INVITE sip:bob@example.com SIP/2.0" 486 512'
  assert.equal(print(defaultLogFormats.common!), `${common}\n`)
  assert.equal(print(defaultLogFormats.combined!), `${common} "-" "phone/1.0 \\"x\\""\n`)
  assert.equal(print(defaultLogFormats.referer!), '- -> sip:bob@example.com\n')
  assert.equal(print(defaultLogFormats.agent!), 'phone/1.0 \\"x\\"\n')
})

for (const [format, expected] of [
  ['%h %a %l %u', '192.0.2.1 192.0.2.1 - -'],
  ['%s %>s %<s', '486 486 486'],
  ['%b %B', '512 512'],
  ['%{Call-ID}i %{call-id}i %{Nothing}i', '1@192.0.2.1 1@192.0.2.1 -'],
  ['%{Server}o %{Nothing}o', 'Castellan -'],
  ['%m %U %H', 'INVITE sip:bob@example.com SIP/2.0'],
  ['%D %T', '2345679 2'],
  ['%p %P %v', '5060 42 proxy.example.com'],
  ['100%% a\\tb\\q', '100% a\tb\\q'],
  ['%{%Y-%m-%d %T}t', '2026-07-03 23:04:05'],
  ['%486{Call-ID}i %!486{Call-ID}i %200,503D %!200,503T', '1@192.0.2.1 - - 2'],
  ['', ''],
] as const) {
  test(`LogFormat ${JSON.stringify(format)} gives ${JSON.stringify(expected)}`, () =>
    assert.equal(print(format), `${expected}\n`))
}

test('nothing sent is a hyphen for %b and a zero for %B, and an empty user is ""', () => {
  assert.equal(print('%b %B %u', { octetsSent: 0, user: '' }), '- 0 ""\n')
})

for (const [format, expected, column] of [
  ['%h %q', /%q at column 4 is no directive of LogFormat; there are %h .*%\{Header\}i/, 4],
  ['%i', /%i at column 1 is to name a header: %\{Header\}i/, 1],
  ['a %{}i', /%\{\}i at column 3 is to name a header/, 3],
  ['%{x}h', /takes no braces: %h/, 1],
  ['%{%Y %Q}t', /has %Q, which is no conversion of strftime/, 1],
  ['%{unclosed', /% at column 1 is no directive/, 1],
  ['%', /% at column 1 is no directive/, 1],
  ['%{constructor}t%constructor', /%c at column 16 is no directive/, 16],
] as const) {
  test(`LogFormat ${JSON.stringify(format)} is refused with ${expected.source}`, () => {
    assert.throws(
      () => print(format),
      (error) => error instanceof LogFormatError && expected.test(error.message) && error.column === column,
    )
  })
}

test('whatever a phone sends, its line stays one line, its quotes stay closed and its fields stay counted', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a" 200 -\n192.0.2.9 - -', '\\', '\u2028"', '\u202e'),
  )
  fc.assert(
    fc.property(hostile, hostile, hostile, (user, requestUri, header) => {
      const line = print('%u %U "%r" "%{X}i"', { user, requestUri, header: () => header })
      const fields = /^(\S+) (\S*) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"\n$/.exec(line)
      assert.ok(fields, JSON.stringify(line))
      assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
    }),
    { numRuns: 2000 },
  )
})

test('a long header costs the log about a thousand characters, not a datagram', () => {
  assert.ok(print('%{X}i', { header: () => 'x'.repeat(60_000) }).length < 1100)
})

test('strftime prints local times, also across noon, midnight, a year and a change of the clocks', () => {
  const at = (pattern: string, ...utc: [number, number, number, number, number]): string =>
    compileStrftime(pattern)(Date.UTC(...utc))
  assert.equal(at('%c', 2026, 0, 1, 5, 0), 'Thu Jan  1 00:00:00 2026')
  assert.equal(at('%I:%M %p %j', 2026, 0, 1, 4, 59), '11:59 PM 365')
  assert.equal(at('%I:%M %p %j', 2026, 11, 31, 17, 0), '12:00 PM 365')
  assert.equal(at('%H:%M %z %Z', 2026, 2, 8, 6, 59), '01:59 -0500 EST')
  assert.equal(at('%H:%M %z %Z', 2026, 2, 8, 7, 0), '03:00 -0400 EDT')
  assert.equal(
    at('%s %u %w %y %C %h %e %D %F %R %r', 1970, 0, 4, 12, 0),
    '302400 7 0 70 19 Jan  4 01/04/70 1970-01-04 07:00 07:00:00 AM',
  )
})

test('the kept second is not printed for another one, later or earlier', () => {
  const print = compileStrftime('%S')
  assert.deepEqual([1000, 1999, 2000, 1000].map(print), ['01', '01', '02', '01'])
})

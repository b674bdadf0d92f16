import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lex } from '../../../lib/cnf/lex.ts'
import { fillTemplate } from '../../../lib/home/template.ts'
import { domainOf } from '../../../lib/migration/places.ts'
import { logsOfSipd, octets, rewritePaths } from '../../../lib/migration/rewrite.ts'
import { splitWords } from '../../../lib/text/command.ts'

const sipdLogs = new Set(['calls_log'])
const rule = { ownerOf: (area: 'logs' | 'run', name: string) => domainOf(area, name, sipdLogs), hasRelative: false }
const rewrite = (text: string, home = '/h'): string =>
  Buffer.from(rewritePaths(octets(text), [home], rule), 'latin1').toString('utf8')

describe('a path of an old home', () => {
  for (const [before, after] of [
    ['/h/logs/error_log', '/h/logs/sipd/error_log'],
    ['/h/logs/access_log.1796065307.1.gz', '/h/logs/sipd/access_log.1796065307.1.gz'],
    ['/h/logs/agent.log', '/h/logs/agent/agent.log'],
    ['/h/logs/audit.log.1', '/h/logs/agent/audit.log.1'],
    ['/h/logs/critapp/sipd.out', '/h/logs/subagents/critapp/sipd.out'],
    ['/h/logs/calls_log', '/h/logs/sipd/calls_log'],
    ['/h/run/sipd.pid', '/h/run/sipd/sipd.pid'],
    ['/h/run/sshd.pid', '/h/run/subagents/sshd.pid'],
    ['"cat /h/logs/error_log" - x', '"cat /h/logs/sipd/error_log" - x'],
    ['--log=/h/logs/agent.log', '--log=/h/logs/agent/agent.log'],
    ["'/h/logs/agent.log'", "'/h/logs/agent/agent.log'"],
  ] as const)
    test(`is rewritten, once: ${before}`, () => {
      assert.equal(rewrite(before), after)
      assert.equal(rewrite(after), after)
    })

  for (const text of [
    '/h/logs/recordings',
    '/h/logs/error_logs',
    '/h/logs/my_error_log',
    '/h/logs/castellan.out',
    '/h/run/castellan.pid',
    '/srv/h/logs/error_log',
    '/h2/logs/error_log',
    '/h/data/logs/error_log',
    'logs/error_log',
    '/h/logs/',
  ])
    test(`is none, and stays: ${text}`, () => assert.equal(rewrite(text), text))

  for (const home of [
    '/srv/x y',
    `/srv/a"b`,
    "/srv/it's",
    '/srv/back\\slash',
    '/srv/#5',
    '/srv/äöü 電話',
    '/srv/$&a.b',
  ])
    test(`is found in a field, in a command and in JSON, of a home with the name ${home}`, () => {
      const row = fillTemplate('entry {home}/logs/agent.log "tail {home:word}/logs/error_log now"', {
        portOffset: 0,
        home,
        bin: '/b',
      })
      const { lines } = lex(rewrite(row, home), 'f')
      const [, field, command] = lines[0]!.tokens.map(({ text }) => text)
      assert.equal(field, `${home}/logs/agent/agent.log`)
      assert.deepEqual(splitWords(command!), { words: ['tail', `${home}/logs/sipd/error_log`, 'now'] })
      const state = JSON.stringify({ [`${home}/logs/error_log`]: 1 })
      assert.deepEqual(JSON.parse(rewrite(state, home)), { [`${home}/logs/sipd/error_log`]: 1 })
    })

  test('without the home before it belongs to who reads the file', () => {
    const relative = { ownerOf: () => 'sipd' as const, hasRelative: true }
    const before =
      'PidFile run/my.pid\nCustomLog logs/calls common\nErrorLog "|/b/rotatelogs /h/logs/e 5"\nX /var/logs/y\n'
    const after = rewritePaths(before, ['/h'], relative)
    assert.equal(
      after,
      'PidFile run/sipd/my.pid\nCustomLog logs/sipd/calls common\nErrorLog "|/b/rotatelogs /h/logs/sipd/e 5"\nX /var/logs/y\n',
    )
    assert.equal(rewritePaths(after, ['/h'], relative), after)
    const names = ['calls', 'e']
    for (const text of [before, after])
      assert.deepEqual(
        names.filter((name) => !logsOfSipd(text).has(name)),
        [],
      )
  })

  test('leaves octets that are no UTF-8 as they are', () => {
    const text = Buffer.from([0x23, 0xff, 0x20, ...Buffer.from('/h/logs/agent.log')]).toString('latin1')
    assert.equal(rewritePaths(text, ['/h'], rule), text.replace('agent.log', 'agent/agent.log'))
  })
})

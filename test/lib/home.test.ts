import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { lex } from '../../lib/cnf/lex.ts'
import { checkHomePath, HomeError, requireHome, resolveHome } from '../../lib/home/home.ts'
import { fillTemplate } from '../../lib/home/template.ts'
import { listenForControl } from '../../lib/process/control.ts'
import { commandWord, splitWords } from '../../lib/text/command.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import { readLines } from '../../sipd/config/declare/lines.ts'

const strangePaths = [
  '/srv/plain',
  '/srv/x y',
  '/srv/a"b',
  "/srv/it's",
  '/srv/back\\slash',
  "/srv/$&$1$$$`$'",
  '/srv/#5',
  '/srv/äöü 電話',
  '/srv/\\u{a}',
  `/srv/x y"z\\$&é`,
]

describe('a template is filled so that the file gives the path back', () => {
  for (const home of strangePaths) {
    const fill = (text: string): string => fillTemplate(text, { portOffset: 7, home, bin: `${home}/bin` })

    test(`bare, in quotes and in a command of a .cnf file: ${home}`, () => {
      const { lines, complaints } = lex(
        fill('entry {home}/log "in {home}" "{bin:word}/sip start --home {home:word}"'),
        'f',
      )
      assert.deepEqual(complaints, [])
      const [, bare, quoted, command] = lines[0]!.tokens.map(({ text }) => text)
      assert.deepEqual([bare, quoted], [`${home}/log`, `in ${home}`])
      assert.deepEqual(splitWords(command!), { words: [`${home}/bin/sip`, 'start', '--home', home] })
    })

    test(`in a pipe of sipd.conf: ${home}`, () => {
      const { lines, complaints } = readLines(
        fill('ErrorLog "|{bin:word}/rotatelogs {home:word}/logs/error_log 86400"'),
        'f',
      )
      assert.deepEqual(complaints, [])
      const command = lines[0]!.args[0]!.text.slice(1)
      assert.deepEqual(splitWords(command), {
        words: [`${home}/bin/rotatelogs`, `${home}/logs/error_log`, '86400'],
      })
    })

    test(`as an advice for the shell, and as a word of a command: ${home}`, () => {
      assert.equal(spawnSync('sh', ['-c', `printf %s ${shellWord(home)}`], { encoding: 'utf8' }).stdout, home)
      assert.deepEqual(splitWords(commandWord(home)), { words: [home] })
    })
  }

  test('ports are shifted, in quotes too, and comments are filled', () => {
    const filled = fillTemplate('# {home}\nListen 127.0.0.1:{port:5060} "{port:1161}"\n', {
      portOffset: 1000,
      home: '/h',
      bin: '/b',
    })
    assert.equal(filled, '# /h\nListen 127.0.0.1:6060 "2161"\n')
  })
})

describe('a path that can be no home', () => {
  const homeOf = (root: string) => ({ ...resolveHome(root), root })
  const longest = `/${'x'.repeat(107 - '/run/subagents/subagents.ctl'.length - 1)}`

  test('is refused when its sockets would have more than the 107 octets of unix(7)', () => {
    assert.doesNotThrow(() => checkHomePath(homeOf(longest)))
    assert.throws(
      () => checkHomePath(homeOf(`${longest}x`)),
      /is 80 octets long, and the sockets of a home allow 79; choose/,
    )
    assert.throws(() => checkHomePath(homeOf(`${longest.slice(0, -1)}é`)), HomeError)
  })

  test('and a socket elsewhere with a longer path are refused with the figure, not with ENOENT or EADDRINUSE', async () => {
    const path = join(tmpdir(), 'x'.repeat(120))
    await assert.rejects(
      listenForControl(path, async () => ''),
      /^Error: the path of the socket .* has \d+ octets, and 107 are allowed/,
    )
  })

  test('is refused when it has a line break', () => {
    assert.throws(() => checkHomePath(homeOf('/srv/a\nb')), /^HomeError|control character/)
  })

  test('is refused when it is empty, which would be the current folder', () => {
    const before = process.env.CASTELLAN_HOME
    try {
      process.env.CASTELLAN_HOME = ''
      assert.throws(() => resolveHome(), { message: /^CASTELLAN_HOME is empty/, exitCode: 2 })
      assert.throws(() => resolveHome(''), { message: /^--home is empty/, exitCode: 2 })
      assert.equal(resolveHome('/somewhere').root, '/somewhere')
    } finally {
      if (before === undefined) delete process.env.CASTELLAN_HOME
      else process.env.CASTELLAN_HOME = before
    }
  })
})

describe('a home of another user', { skip: process.getuid?.() !== 0 && 'only root may act as somebody else' }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'home-'))
    chmodSync(folder, 0o755)
    for (const name of ['shut', 'shut/conf', 'shut/run', 'open', 'open/conf']) mkdirSync(join(folder, name))
    mkdirSync(join(folder, 'open', 'run'), { mode: 0o700 })
    chmodSync(join(folder, 'shut'), 0o700)
    symlinkSync(join(folder, 'shut'), join(folder, 'link'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const asNobody = (act: () => void): void => {
    process.setegid?.(65_534)
    process.seteuid?.(65_534)
    try {
      act()
    } finally {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
  }

  for (const name of ['shut', 'link', 'open'])
    test(`is refused, and not taken for one that is not there: ${name}`, () =>
      asNobody(() =>
        assert.throws(() => requireHome(resolveHome(join(folder, name))), {
          message: /has no access to .*; run the command as the owner of the home$/,
          exitCode: 4,
        }),
      ))

  test('is not initialised when there is none', () =>
    asNobody(() =>
      assert.throws(() => requireHome(resolveHome(join(folder, 'none'))), {
        message: /is not initialised; run: castellan init --home /,
        exitCode: 1,
      }),
    ))
})

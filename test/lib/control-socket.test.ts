import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { controlSocketOf, controlSocketToAsk, formerControlSocketOf } from '../../lib/home/control-socket.ts'
import { domains, foldersOf, resolveHome } from '../../lib/home/home.ts'

const home = resolveHome(mkdtempSync(join(tmpdir(), 'control-socket-')))
after(() => rmSync(home.root, { recursive: true }))

test('the control socket of every daemon has its name, and .ctl', () => {
  const names = domains.map((domain) => controlSocketOf(home, domain).slice(home.run.length))
  assert.deepEqual(names, ['/agent/agent.ctl', '/subagents/subagents.ctl', '/sipd/sipd.ctl', '/console/console.ctl'])
})

test('a sipd that an older version has started is asked at the former name, until another one serves', () => {
  mkdirSync(foldersOf(home, 'sipd').run, { recursive: true })
  const path = controlSocketOf(home, 'sipd')
  assert.equal(controlSocketToAsk(home, 'sipd'), path)
  writeFileSync(formerControlSocketOf(home), '')
  assert.equal(controlSocketToAsk(home, 'sipd'), join(home.run, 'sipd', 'sipd.control'))
  writeFileSync(path, '')
  assert.equal(controlSocketToAsk(home, 'sipd'), path)
})

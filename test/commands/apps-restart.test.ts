import assert from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { makeHome, runBin } from '../support/appliance.ts'

test('castellan apps restart asks for no stop of a sipd that would not start again, and says why', async (t) => {
  const { home } = await makeHome()
  t.after(() => rmSync(home.root, { recursive: true, force: true }))
  const restart = () => runBin('castellan', ['apps', 'restart', 'sipd', '--home', home.root])
  // No agent runs in this home: what gets as far as asking it has no answer.
  assert.equal((await restart()).code, exitCodes.noAnswer)
  appendFileSync(join(home.conf, 'sipd', 'sipd.conf'), 'Nonsense On\n')
  const { code, err } = await restart()
  assert.equal(code, exitCodes.error)
  assert.match(err, /sipd\.conf:\d+:\d+: .*Nonsense.*\nsipd goes on/)
})

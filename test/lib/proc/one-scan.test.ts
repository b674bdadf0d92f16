import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../../lib/program-root.ts'
import { shippedFiles } from '../../support/shipped.ts'

test('what /proc says of a process is read in lib/proc alone, and by the samplers of the host module', () => {
  const ofProcess = /\/proc\/\$\{/
  const found = shippedFiles().filter(
    (file) =>
      !/^(?:lib\/proc|subagents\/host)\//.test(file) && ofProcess.test(readFileSync(join(programRoot, file), 'utf8')),
  )
  assert.deepEqual(found, [])
})

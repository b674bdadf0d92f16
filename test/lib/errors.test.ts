import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeOf, errorOf, isDenied, isMissing, messageOf } from '../../lib/errors.ts'
import { programRoot } from '../../lib/program-root.ts'
import { shippedFiles } from '../support/shipped.ts'

test('whatever is thrown has a message, and a code where the system gave one', () => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  assert.equal(messageOf(missing), 'no such file')
  assert.equal(codeOf(missing), 'ENOENT')
  assert.equal(isMissing(missing), true)
  assert.equal(isDenied(missing), false)
  assert.equal(errorOf(missing), missing)
  for (const thrown of ['text', undefined, null, 7, { code: 'ENOENT' }]) {
    assert.equal(messageOf(thrown), String(thrown))
    assert.equal(codeOf(thrown), undefined, 'what is no Error has no code of the system')
    assert.equal(errorOf(thrown).message, String(thrown))
  }
  assert.equal(isDenied(Object.assign(new Error(), { code: 'EPERM' })), true)
  assert.equal(isDenied(Object.assign(new Error(), { code: 'EACCES' })), true)
})

test('nobody casts what was thrown: lib/errors.ts is asked', () => {
  const cast = /\bas (?:Error|NodeJS\.ErrnoException)\b/
  const found = shippedFiles().filter((file) => cast.test(readFileSync(join(programRoot, file), 'utf8')))
  assert.deepEqual(found, [])
})

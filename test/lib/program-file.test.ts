import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { commandMistake } from '../../lib/program/program-file.ts'
import { stranger } from '../support/laid-out.ts'

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can give files away' }
let folder: string
let program: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'program-file-'))
  chmodSync(folder, 0o755)
  program = join(folder, 'run')
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 })
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('a program that only root and its user can change is good, by path or by name', () => {
  assert.equal(commandMistake(`${program} now`), undefined)
  assert.equal(commandMistake('sh -c true'), undefined)
})

test('a program that others could change is worth a warning: who runs it would run theirs', asRoot, () => {
  chownSync(program, stranger, stranger)
  const owned = commandMistake(`${program} now`)
  assert.equal(owned?.severity, 'warning')
  assert.match(owned?.message ?? '', /\/run belongs to 61003, .* by processes of root; run: chown -h root /)
  chownSync(program, 0, 0)
  chmodSync(folder, 0o777)
  assert.match(commandMistake(program)?.message ?? '', /program-file-\w+ can be written by everybody, /)
  chmodSync(folder, 0o755)
})

test('one that is missing, or is no command at all, is said first', () => {
  assert.deepEqual(commandMistake('/nowhere/run'), { severity: 'warning', message: 'there is no program /nowhere/run' })
  assert.equal(commandMistake('"open')?.severity, 'error')
})

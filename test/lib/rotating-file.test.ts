import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RotatingFile } from '../../lib/rotating-file.ts'

test('a file that is full moves aside, the oldest goes, no line is parted, and a new process goes on where it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotating-'))
  const path = join(folder, 'audit.log')
  const open = () => new RotatingFile({ path, maxOctets: 20, filesKept: 2 })
  let file = open()
  for (let i = 0; i < 8; i++) {
    if (i === 3) file = open()
    file.append(`line ${i}...\n`) // ten octets
  }
  assert.deepEqual(readdirSync(folder).sort(), ['audit.log', 'audit.log.1', 'audit.log.2'])
  assert.deepEqual(
    ['audit.log.2', 'audit.log.1', 'audit.log'].map((name) => readFileSync(join(folder, name), 'utf8')),
    ['line 2...\nline 3...\n', 'line 4...\nline 5...\n', 'line 6...\nline 7...\n'],
  )
  assert.equal(statSync(path).mode & 0o777, 0o600)
  rmSync(folder, { recursive: true })
})

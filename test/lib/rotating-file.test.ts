import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RotatingFile } from '../../lib/log/rotating-file.ts'

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

test('a link or a FIFO in its place gets no line, and keeps nobody waiting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rotating-'))
  writeFileSync(join(folder, 'victim'), 'as it was')
  symlinkSync('victim', join(folder, 'link'))
  execFileSync('mkfifo', [join(folder, 'fifo')])
  for (const [name, kind] of [
    ['link', 'symbolic link'],
    ['fifo', 'FIFO'],
  ] as const) {
    const file = new RotatingFile({ path: join(folder, name), maxOctets: 20, filesKept: 2 })
    assert.throws(() => file.append('a line\n'), new RegExp(`${name} is a ${kind}`))
  }
  assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'as it was')
  rmSync(folder, { recursive: true })
})

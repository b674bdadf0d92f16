import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { removeAbandonedDrafts } from '../../lib/trust/drafts.ts'

describe('drafts of files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drafts-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** A process that writes a file again and again until it is killed, in the middle of a write for as good as certain. */
  async function killWriter(path: string): Promise<void> {
    const files = JSON.stringify(join(programRoot, 'dist', 'lib', 'files', 'files.js'))
    const text = `import { writeFileAtomic } from ${files}
      console.log('begins')
      for (;;) await writeFileAtomic(${JSON.stringify(path)}, 'secret '.repeat(300000))`
    const writer = spawn(process.execPath, ['--input-type=module', '-e', text], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(writer, 'exit')
    await once(writer.stdout, 'data')
    while (!readdirSync(folder).some((name) => name.endsWith('.tmp'))) await new Promise(setImmediate)
    writer.kill('SIGKILL')
    await ended
  }

  test('of a process that was killed are removed, and the file is whole', async () => {
    const path = join(folder, 'snmpd.cnf')
    const drafts = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'))
    // It may have been killed between two drafts.
    while (drafts().length === 0) await killWriter(path)
    const removed = removeAbandonedDrafts([folder])
    assert.ok(removed.length > 0)
    assert.deepEqual(drafts(), [])
    const left = readdirSync(folder)
    assert.ok(left.length === 0 || readFileSync(path, 'utf8') === 'secret '.repeat(300_000))
  })

  test('of a process that lives stay, and so does what only looks like one', () => {
    const below = join(folder, 'below')
    mkdirSync(below)
    const stay = [`a.${process.ppid}-0123456789ab.tmp`, 'b.tmp', 'c.0123456789ab.tmp', '1-0123456789ab.tmp.cnf']
    const go = [`d.${process.pid}-0123456789ab.tmp`, 'e.ba9876543210.tmp']
    for (const name of [...stay, ...go]) writeFileSync(join(below, name), '')
    // Drafts of earlier versions do not name their writer; none takes an hour.
    utimesSync(join(below, go[1]!), 1000, 1000)
    assert.deepEqual(
      removeAbandonedDrafts([folder, join(folder, 'none')]).sort(),
      go.map((name) => join(below, name)),
    )
    assert.deepEqual(readdirSync(below).sort(), stay.sort())
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { SystemFiles } from '../../../subagents/mib2/files.ts'
import { mib2Modules } from '../../../subagents/mib2/index.ts'

/** This machine's own files, as they were when each was first read; one of them hidden. */
class FilesWithout extends SystemFiles {
  readonly seen: Map<string, string | undefined>
  readonly #hidden: string | undefined

  constructor(seen: Map<string, string | undefined>, hidden?: string) {
    super()
    this.seen = seen
    this.#hidden = hidden
  }

  override async text(path: string): Promise<string | undefined> {
    if (path === this.#hidden) return undefined
    if (!this.seen.has(path)) this.seen.set(path, await super.text(path))
    return this.seen.get(path)
  }
}

async function start(files: SystemFiles): Promise<{ counts: Map<string, number>; lines: string[] }> {
  const lines: string[] = []
  const log = createLog({ component: 'test', write: (line) => lines.push(line) })
  const running = new AbortController()
  const host = { clock: new ManualClock(), log, signal: running.signal, upTimeTicks: () => 0, notify: () => {} }
  const modules = mib2Modules({ files })
  for (const { module } of modules) await new ModuleBackend(module, { log }).start(host)
  running.abort()
  const tables = modules.flatMap(({ module }) => module.tables)
  return { counts: new Map(tables.map(({ table }) => [table.definition.name, table.size])), lines }
}

test('whichever file of /proc or /sys is missing: no more rows than with it, one line at most, no error', async () => {
  const seen = new Map<string, string | undefined>()
  const whole = await start(new FilesWithout(seen))
  assert.deepEqual(whole.lines, [])
  const paths = [...seen].flatMap(([path, text]) => (text === undefined ? [] : [path]))
  assert.ok(paths.length > 20, paths.join(' '))
  let fewer = 0
  let told = 0
  for (const path of paths) {
    const { counts, lines } = await start(new FilesWithout(seen, path))
    for (const [name, count] of counts) {
      assert.ok(count <= whole.counts.get(name)!, `without ${path} ${name} has ${count} rows`)
    }
    assert.ok(lines.length <= 1, `without ${path}: ${lines.join('')}`)
    for (const line of lines) assert.match(line, /a file of the kernel is missing, and rows with it/, path)
    if ([...counts].some(([name, count]) => count < whole.counts.get(name)!)) fewer++
    told += lines.length
  }
  assert.ok(fewer >= 5, `${fewer} of ${paths.length} files give rows`)
  assert.ok(told >= 5, `${told} of ${paths.length} files are told of`)
})

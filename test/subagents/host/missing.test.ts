import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../../lib/program-root.ts'
import { startHost } from './support.ts'

const machine = join(programRoot, 'test/fixtures/proc/machine')
/** Every file and folder of the machine, each to be missing once. */
const parts = readdirSync(machine, { recursive: true, encoding: 'utf8' }).sort()
const tables = [
  'hrSystem',
  'hrStorage',
  'hrStorageTable',
  'hrDeviceTable',
  'hrProcessorTable',
  'hrNetworkTable',
  'hrDiskStorageTable',
  'hrPartitionTable',
  'hrFSTable',
  'hrSWRunTable',
  'hrSWInstalledTable',
  'castellanMountTable',
]
const size = { blockOctets: 4096, blocks: 9, freeBlocks: 4, availableBlocks: 3, inodes: 9, freeInodes: 3 }

/** Row counts, and what was logged, after some rounds of every sampler on a machine without this part. */
async function without(part: string | undefined): Promise<{ counts: number[]; lines: string[] }> {
  const statfs = () => ({ ask: () => Promise.resolve({ size }), stop: () => {} })
  const host = await startHost({ statfs }, (root) => {
    if (part !== undefined) rmSync(join(root, part), { recursive: true })
  })
  await host.pass(() => host.clock.monotonicMs() >= 60_000, 5000)
  const hasPackages = part !== undefined && /^dpkg(\/status)?$/.test(part)
  if (!hasPackages) await host.pass(() => host.rows('hrSWInstalledTable').length > 0, 0)
  const counts = tables.map((name) => host.rows(name).length)
  await host.stop()
  return { counts, lines: host.lines }
}

test('whichever file of /proc, /sys, /run or dpkg is missing: no more rows than with it, one line at most, no error', async () => {
  const whole = await without(undefined)
  assert.deepEqual(whole.lines, [])
  assert.ok(
    whole.counts.every((count) => count > 0),
    `${whole.counts}`,
  )
  let fewer = 0
  let told = 0
  const check = async (part: string): Promise<void> => {
    const { counts, lines } = await without(part)
    for (const [at, count] of counts.entries())
      assert.ok(count <= whole.counts[at]!, `without ${part} ${tables[at]} has ${count} rows`)
    assert.ok(lines.length <= 1, `without ${part}: ${lines.join('')}`)
    for (const line of lines) assert.match(line, /parts of \/proc or \/sys are missing here/, part)
    if (counts.some((count, at) => count < whole.counts[at]!)) fewer++
    if (lines.length > 0) told++
  }
  for (let at = 0; at < parts.length; at += 12) await Promise.all(parts.slice(at, at + 12).map(check))
  assert.ok(fewer > 20, `${fewer} of ${parts.length} parts give rows`)
  assert.ok(told >= 8, `${told} of ${parts.length} parts are told of`)
})

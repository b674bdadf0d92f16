import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import type { MibModule, ModuleHost } from '../../../lib/mib/module.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { SystemFiles } from '../../../subagents/mib2/files.ts'
import { tcpModule } from '../../../subagents/mib2/tcp-mib.ts'

const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const connectionCount = 2000
let root: string

/** A line of /proc/net/tcp as the kernel prints it, of a connection with this number. */
function line(number: number): string {
  const port = (10_000 + number).toString(16).toUpperCase().padStart(4, '0')
  return `${`${number}`.padStart(4)}: 0100007F:13C4 0B01A8C0:${port} 01 00000000:00000000 00:00000000 00000000     0        0 ${1_000_000 + number} 1 000000004c2264c8 20 4 30 10 -1`
}

function write(path: string, lines: readonly string[]): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), `${lines.join('\n')}\n`)
}

function listConnections(from: number, to: number): void {
  write('/proc/net/tcp', [heading, ...Array.from({ length: to - from }, (_, at) => line(from + at))])
}

before(() => {
  root = mkdtempSync(join(tmpdir(), 'castellan-proc-'))
})
after(() => rm(root, { recursive: true, force: true }))

function hostOf(clock: ManualClock): ModuleHost {
  return { clock, log: silentLog, signal: new AbortController().signal, upTimeTicks: () => 0, notify: () => {} }
}

/**
 * What share of all that this took the longest turn of the event loop had, in processor time: how fast the machine is,
 * and who else uses it, is in both.
 */
async function shareOfLongestTurn(run: () => Promise<unknown>): Promise<number> {
  const spentUs = (): number => {
    const { user, system } = process.cpuUsage()
    return user + system
  }
  const beganUs = spentUs()
  let longestUs = 0
  let isDone = false
  const watch = async (): Promise<void> => {
    for (let last = spentUs(); !isDone; ) {
      await new Promise(setImmediate)
      const now = spentUs()
      longestUs = Math.max(longestUs, now - last)
      last = now
    }
  }
  const watching = watch()
  await run()
  isDone = true
  await watching
  return longestUs / (spentUs() - beganUs)
}

const sizeOf = (module: MibModule, name: string): number =>
  module.tables.find(({ table }) => table.definition.name === name)!.table.size

test('2,000 connections, some of which go while others come, are read in many turns, none of which is long', async (t) => {
  const clock = new ManualClock()
  const module = tcpModule(new SystemFiles(root))
  const backend = new ModuleBackend(module, { log: silentLog })
  const old = module.tables.find(({ table }) => table.definition.name === 'tcpConnTable')!.table
  const has = (number: number): boolean =>
    old.getAny([127, 0, 0, 1, 5060, 192, 168, 1, 11, 10_000 + number]) !== undefined
  const replaced = connectionCount / 100
  listConnections(0, connectionCount)
  await backend.start(hostOf(clock))
  assert.equal(sizeOf(module, 'tcpConnectionTable'), connectionCount)

  const shares: number[] = []
  for (let round = 1; round <= 40; round++) {
    listConnections(round * replaced, connectionCount + round * replaced)
    const share = await shareOfLongestTurn(async () => {
      clock.advance(10_000)
      // tcpConnTable is the last to be filled, and what is gone goes at the end.
      while (has(round * replaced - 1)) await new Promise(setImmediate)
    })
    assert.ok(has(connectionCount + round * replaced - 1))
    assert.equal(sizeOf(module, 'tcpConnectionTable'), connectionCount)
    shares.push(share)
  }
  await backend.stop()
  // Compiling and collecting garbage is in some of the rounds; the half that was disturbed less is what the code does.
  const medianShare = shares.toSorted((a, b) => a - b)[shares.length / 2]!
  t.diagnostic(`the longest turn of a refresh is ${(100 * medianShare).toFixed(1)} % of it`)
  assert.ok(medianShare < 0.2, shares.map((share) => share.toFixed(2)).join(' '))
})

test('a list that ends takes its rows with it', async () => {
  const clock = new ManualClock()
  const module = tcpModule(new SystemFiles(root))
  const backend = new ModuleBackend(module, { log: silentLog })
  listConnections(0, connectionCount)
  await backend.start(hostOf(clock))
  listConnections(0, 0)
  clock.advance(10_000)
  while (sizeOf(module, 'tcpConnTable') > 0) await new Promise(setImmediate)
  assert.equal(sizeOf(module, 'tcpConnectionTable'), 0)
  await backend.stop()
})

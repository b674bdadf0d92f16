import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseProcStat } from '../../../lib/proc/stat.ts'
import { ownLauncher } from '../../../lib/program/launcher.ts'
import { startRun } from '../../support/script.ts'
import { describeRuns } from '../../support/script-contract.ts'

describeRuns(() => ownLauncher)

test('200 runs leave no zombie', async () => {
  for (let i = 0; i < 20; i++) {
    const ten = Array.from({ length: 10 }, () => startRun({ command: 'true & exit 0', launcher: ownLauncher }))
    for (const started of ten) await started.over()
  }
  const zombies = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      } catch {
        return undefined
      }
    })
    .filter((stat) => stat?.parentPid === process.pid && stat.state === 'Z')
  assert.deepEqual(zombies, [])
})

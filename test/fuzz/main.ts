/** `npm run fuzz [COUNT] [SEED]`: a million mutated datagrams with a fresh seed, which is printed for the next time. */
import { randomInt } from 'node:crypto'
import { isSmoke, sized } from '../../bench/smoke.ts'
import { flood } from './flood.ts'
import { floodUsers, startTarget } from './target.ts'

const count = Number(process.argv[2] ?? sized(1_000_000, 1000))
const seed = Number(process.argv[3] ?? randomInt(2 ** 31))
process.stdout.write(`${count} datagrams, seed ${seed}\n`)
const appliance = await startTarget()
try {
  const result = await flood(appliance.at.snmpPort, appliance.agentPid, count, seed, floodUsers)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  const bugs = appliance
    .log('agent.log')
    .split('\n')
    .filter((line) => line.includes('bug'))
  for (const line of bugs.slice(0, 10)) process.stdout.write(`${line}\n`)
  const isGood = bugs.length === 0 && (isSmoke || (result.residentGrowthBytes < 16e6 && result.slowestControlMs < 100))
  process.exitCode = isGood && result.descriptorGrowth <= 2 ? 0 : 1
} finally {
  await appliance.stop()
}

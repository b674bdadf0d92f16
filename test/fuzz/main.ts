/** `npm run fuzz [COUNT] [SEED]`: a million mutated datagrams with a fresh seed, which is printed for the next time. */
import { randomInt } from 'node:crypto'
import { Appliance, makeHome } from '../support/appliance.ts'
import { flood } from './flood.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const seed = Number(process.argv[3] ?? randomInt(2 ** 31))
process.stdout.write(`${count} datagrams, seed ${seed}\n`)
const appliance = new Appliance(await makeHome())
try {
  await appliance.start()
  const result = await flood(appliance.at.snmpPort, appliance.agentPid, count, seed)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  const bugs = appliance
    .log('agent.log')
    .split('\n')
    .filter((line) => line.includes('bug'))
  for (const line of bugs.slice(0, 10)) process.stdout.write(`${line}\n`)
  process.exitCode = bugs.length > 0 || result.residentGrowthBytes > 16e6 ? 1 : 0
} finally {
  await appliance.stop()
}

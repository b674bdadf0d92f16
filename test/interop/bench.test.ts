/** The agents that `npm run bench` measures serve the table it asks for, with the configuration that a home ships. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MeasuredAgent, startCastellan, startCastellanPair, stopAgent } from '../../bench/snmp/agents.ts'
import { freeOffset, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

/** bigInteger of row 500. */
const cell = '1.3.6.1.4.1.8072.9999.9999.1.1.2.500'

for (const [name, start] of [
  ['the agent', startCastellan],
  ['the agent with a subagent', startCastellanPair],
] as const)
  test(`${name} of the bench answers for the measured table`, needs('snmpget', 'taskset'), async () => {
    const agent: MeasuredAgent = await start(await freeOffset())
    try {
      const isThere = (): boolean => agent.process.exitCode === null
      let answer = ''
      await until(
        async () => {
          assert.ok(isThere(), 'it ended')
          answer = (
            await netsnmp('snmpget', ['-t', '0.3', '-r', '0', '-v2c', '-c', 'public', `127.0.0.1:${agent.port}`, cell])
          ).out
          return answer.includes('INTEGER')
        },
        20_000,
        'an answer from the table',
      )
      assert.equal(answer, `.${cell} = INTEGER: 500000\n`)
    } finally {
      await stopAgent(agent)
    }
  })

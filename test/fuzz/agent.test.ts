import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Appliance, makeHome } from '../support/appliance.ts'
import { flood } from './flood.ts'

test('100,000 mutated datagrams leave the agent answering and its memory flat', { timeout: 240_000 }, async () => {
  const appliance = new Appliance(await makeHome())
  try {
    assert.equal(await appliance.start(), undefined, appliance.output)
    const result = await flood(appliance.at.snmpPort, appliance.agentPid, 100_000, 20_260_101)
    assert.ok(result.slowestControlMs < 2000, `the slowest control request took ${result.slowestControlMs} ms`)
    assert.ok(result.residentGrowthBytes < 16e6, `resident memory grew by ${result.residentGrowthBytes} octets`)
    assert.ok(result.descriptorGrowth <= 2, `${result.descriptorGrowth} more descriptors`)
    assert.doesNotMatch(appliance.log('agent.log'), /bug/)
  } finally {
    await appliance.stop()
  }
})

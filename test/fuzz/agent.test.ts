import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flood } from './flood.ts'
import { floodUsers, startTarget } from './target.ts'

test('50,000 mutated datagrams of all versions leave the agent answering', {
  timeout: 240_000,
}, async () => {
  const appliance = await startTarget()
  try {
    const result = await flood(appliance.at.snmpPort, appliance.agentPid, 50_000, 20_260_101, floodUsers)
    // A thread that begins its work meanwhile has eight of its own; a leak would be of thousands.
    assert.ok(result.descriptorGrowth < 50, `${result.descriptorGrowth} more descriptors`)
    assert.doesNotMatch(appliance.log('agent.log'), /bug/)
  } finally {
    await appliance.stop()
  }
})

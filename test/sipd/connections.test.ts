import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import { Connections } from '../../sipd/transport/connections.ts'

test('a source with an address for each connection makes room from its own IPv6 /64, and not from a phone that has two', () => {
  const connections = new Connections(new ManualClock(), {
    connections: 10,
    registeredOfSource: 10,
    outboundIdleMs: 60_000,
    isPersistent: () => false,
    isReused: () => true,
    isRegistered: () => false,
  })
  const open = (address: string, port: number): Socket => {
    const socket = new Socket()
    assert.equal(connections.makeRoom(), true)
    connections.addHandshake(`${address} ${port}`, address, socket)
    return socket
  }
  const phone = [1, 2].map((port) => open('2001:db8:0:8::1', port))
  const flood = Array.from({ length: 50 }, (_, i) => open(`2001:db8:0:7::${i + 1}`, 5060))
  assert.deepEqual(
    phone.map(({ destroyed }) => destroyed),
    [false, false],
  )
  assert.equal(flood.filter(({ destroyed }) => destroyed).length, 42)
  connections.closeAll()
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BindError, PerAddress } from '../../lib/net/per-address.ts'
import { ManualClock } from '../../lib/time/clock.ts'

function failure(code: string): Error {
  return Object.assign(new Error(`bind ${code}`), { code })
}

/** A machine whose addresses and ports are lists. */
function machine(...addresses: string[]) {
  const clock = new ManualClock()
  const open = new Set<string>()
  const failing = new Map<string, string>()
  const failures: string[] = []
  const each = new PerAddress<string>({
    wildcard: '0.0.0.0',
    clock,
    except: new Set(['10.0.0.9']),
    addresses: () => addresses,
    open: async (address) => {
      const code = failing.get(address)
      if (code !== undefined) throw failure(code)
      open.add(address)
      return address
    },
    close: (address) => open.delete(address),
    onFailure: (address, { message }) => failures.push(`${address} ${message}`),
  })
  return { addresses, clock, open, failing, failures, each }
}

describe('a wildcard address, one socket for each address', () => {
  test('an address that appears is served at the next reading, one that goes is closed', async () => {
    const { addresses, clock, open, each } = machine('127.0.0.1', '10.0.0.1', '10.0.0.9')
    await each.start()
    assert.deepEqual([...open], ['127.0.0.1', '10.0.0.1'])
    addresses.splice(1, 1, '10.0.0.2')
    clock.advance(2000)
    await each.refresh()
    assert.deepEqual([...open], ['127.0.0.1', '10.0.0.2'])
    each.stop()
    assert.deepEqual([...open], [])
  })

  test('a port that somebody else has on one address ends the start, and leaves nothing open', async () => {
    const { open, failing, each } = machine('127.0.0.1', '10.0.0.1')
    failing.set('10.0.0.1', 'EADDRINUSE')
    await assert.rejects(each.start(), (error: unknown) => {
      assert.ok(error instanceof BindError)
      assert.deepEqual([error.address, error.code], ['10.0.0.1', 'EADDRINUSE'])
      return true
    })
    assert.deepEqual([...open], [])
  })

  test('a port that somebody else has on a new address is reported once, and taken when it is free', async () => {
    const { addresses, open, failing, failures, each } = machine('127.0.0.1')
    await each.start()
    addresses.push('10.0.0.1')
    failing.set('10.0.0.1', 'EADDRINUSE')
    await each.refresh()
    await each.refresh()
    assert.deepEqual(failures, ['10.0.0.1 bind EADDRINUSE'])
    failing.clear()
    await each.refresh()
    assert.deepEqual([...open], ['127.0.0.1', '10.0.0.1'])
  })

  test('an address that goes while it is bound, or is still being tested for duplicates, is no failure', async () => {
    const { open, failing, failures, each } = machine('127.0.0.1', '10.0.0.1')
    failing.set('10.0.0.1', 'EADDRNOTAVAIL')
    await each.start()
    await each.refresh()
    assert.deepEqual([failures, [...open]], [[], ['127.0.0.1']])
  })
})

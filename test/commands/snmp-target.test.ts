import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseTarget, resolveTarget } from '../../commands/tools/target.ts'
import { addressToAsk, parseAddress } from '../../snmp/transport/udp.ts'

describe('whom a tool asks', () => {
  test('a name, an address of either family, with or without a port, as in Net-SNMP', () => {
    const cases: readonly [string, string, number, 4 | 6 | undefined][] = [
      ['localhost', 'localhost', 161, undefined],
      ['localhost:1161', 'localhost', 1161, undefined],
      ['192.0.2.7', '192.0.2.7', 161, undefined],
      ['[2001:db8::7]:1161', '2001:db8::7', 1161, undefined],
      ['[2001:db8::7]', '2001:db8::7', 161, undefined],
      ['2001:db8::7', '2001:db8::7', 161, undefined],
      ['udp:192.0.2.7:1161', '192.0.2.7', 1161, 4],
      ['udp6:[2001:db8::7]:1161', '2001:db8::7', 1161, 6],
      ['udp6:phone.example.test:1161', 'phone.example.test', 1161, 6],
      ['[fe80::1%eth0]:1161', 'fe80::1%eth0', 1161, undefined],
    ]
    for (const [text, host, port, family] of cases) assert.deepEqual(parseTarget(text), { host, port, family }, text)
  })

  test('what is none says what is expected, and another transport that it is not spoken', () => {
    for (const text of ['', 'host:99999', '[::1]:x', '[example.test]:161', '1:2:3'])
      assert.throws(() => parseTarget(text), /expected HOST/, text)
    assert.throws(() => parseTarget('tcp:127.0.0.1:161'), /UDP/)
  })

  test('a numeric address is of the family that its prefix names', async () => {
    assert.deepEqual(await resolveTarget('udp6:[::1]:1161'), { host: '::1', port: 1161 })
    await assert.rejects(resolveTarget('udp6:127.0.0.1:1161'), /not an IPv6 address/)
  })
})

test('the agent of this machine is asked at an address, wherever it listens', () => {
  assert.deepEqual(addressToAsk('[::]:1161'), { host: '::1', port: 1161 })
  assert.deepEqual(addressToAsk('0.0.0.0:1161'), { host: '127.0.0.1', port: 1161 })
  assert.deepEqual(addressToAsk('[fd77::1]:1161'), { host: 'fd77::1', port: 1161 })
  assert.deepEqual(parseAddress('[fe80::1%eth0]:161'), { host: 'fe80::1%eth0', port: 161 })
  assert.deepEqual(parseAddress('[::ffff:192.0.2.7]:161'), { host: '192.0.2.7', port: 161 })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addressOctets,
  canonicalAddress,
  isLoopbackAddress,
  isWildcardAddress,
  reachableHost,
  unmapped,
} from '../../lib/net/address.ts'
import { localAddresses, parseFibTrie, parseIfInet6 } from '../../lib/net/local-addresses.ts'

describe('numeric addresses', () => {
  test('an IPv4-mapped address is the IPv4 address (RFC 4291 §2.5.5.2)', () => {
    assert.equal(unmapped('::ffff:10.77.0.2'), '10.77.0.2')
    assert.equal(unmapped('::FFFF:10.77.0.2'), '10.77.0.2')
    assert.equal(unmapped('::ffff:a4d:2'), '10.77.0.2')
    assert.equal(unmapped('fd77::2'), 'fd77::2')
    assert.equal(isLoopbackAddress('::ffff:127.0.0.1'), true)
    assert.equal(isLoopbackAddress('::1'), true)
    assert.equal(isLoopbackAddress('fd77::127.0.0.1'), false)
  })

  test('a server that listens on all addresses is asked at the loopback of its family', () => {
    assert.equal(reachableHost('0.0.0.0'), '127.0.0.1')
    assert.equal(reachableHost('::'), '::1')
    assert.equal(reachableHost('0:0:0:0:0:0:0:0'), '::1')
    assert.equal(reachableHost('fd77::1'), 'fd77::1')
    assert.equal(isWildcardAddress('::1'), false)
  })

  test('forms of one address are compared in their short form, the zone kept', () => {
    assert.equal(canonicalAddress('FD77:0:0::1'), 'fd77::1')
    assert.equal(canonicalAddress('fe80:0::1%eth0'), 'fe80::1%eth0')
  })

  test('the octets of an address are those of the wire', () => {
    assert.deepEqual(addressOctets('::ffff:10.77.0.2'), Uint8Array.of(10, 77, 0, 2))
    assert.deepEqual(
      addressOctets('2001:db8::1'),
      Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    )
    assert.deepEqual(addressOctets('::'), new Uint8Array(16))
    assert.equal(addressOctets('example.test'), undefined)
  })
})

describe("the machine's addresses", () => {
  test('if_inet6 gives addresses in their short form, link-local ones with their link, none that cannot be bound', () => {
    const text = [
      'fd770000000000000000000000000005 04 40 00 82     hv0',
      'fe8000000000000000fc00fffe000001 04 40 20 80     eth0',
      '00000000000000000000000000000001 01 80 10 80       lo',
      'fd770000000000000000000000000006 04 40 00 40     hv0', // tentative
      'fd770000000000000000000000000007 04 40 00 c8     hv0', // a duplicate
      'fd770000000000000000000000000008 04 40 00 44     hv0', // optimistic
      '',
    ].join('\n')
    assert.deepEqual(parseIfInet6(text), ['fd77::5', 'fe80::fc:ff:fe00:1%eth0', '::1', 'fd77::8'])
  })

  test('fib_trie gives the hosts that are this machine, each once, no networks and no broadcast addresses', () => {
    const text = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
           |-- 10.77.0.5
              /32 host LOCAL
Local:
           |-- 10.77.0.5
              /32 host LOCAL
`
    assert.deepEqual(parseFibTrie(text), ['127.0.0.1', '10.77.0.5'])
  })

  test('the loopback is among them, with what Debian calls the machine by', () => {
    const found = localAddresses(4)
    assert.ok(found.includes('127.0.0.1'))
    assert.ok(found.includes('127.0.1.1'))
  })
})

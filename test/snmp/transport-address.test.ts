import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { NotificationSockets } from '../../agent/notify/sockets.ts'
import { isAmong } from '../../snmp/security/community.ts'
import {
  readTransport,
  readTransportAddress,
  transportAddress,
  transportDomain,
} from '../../snmp/transport/transport-address.ts'

const v6Domain = [1, 3, 6, 1, 2, 1, 100, 1, 2]

describe('transport addresses of targets', () => {
  test('an IPv6 address has 16 octets and two of port (RFC 3419, TransportAddressIPv6)', () => {
    const syntax = transportAddress()
    const octets = syntax.parse('[2001:db8::7]:162')!
    assert.equal(Buffer.from(octets).toString('hex'), '20010db800000000000000000000000700a2')
    assert.deepEqual(readTransportAddress(octets), { host: '2001:db8::7', port: 162 })
    assert.equal(syntax.format(octets), '[2001:db8::7]:162')
    assert.deepEqual(transportDomain().parse('transportDomainUdpIpv6'), v6Domain)
    assert.equal(transportDomain().format(v6Domain), 'transportDomainUdpIpv6')
  })

  test('an address of another domain leads nowhere', () => {
    const v4 = Uint8Array.of(192, 0, 2, 7, 0, 162)
    assert.equal(readTransport(v6Domain, v4), undefined)
    assert.deepEqual(readTransport([1, 3, 6, 1, 6, 1, 1], v4), { host: '192.0.2.7', port: 162 })
  })

  test('a transport tag takes managers of both families, and an IPv4-mapped address for what it is', () => {
    const parse = (text: string): Uint8Array => transportAddress().parse(text)!
    const sources = [
      { address: parse('10.77.0.0:0'), mask: parse('255.255.255.0:0') },
      { address: parse('[fd77::]:0'), mask: parse('[ffff:ffff:ffff:ffff::]:0') },
    ]
    for (const address of ['10.77.0.2', '::ffff:10.77.0.2', 'fd77::2'])
      assert.equal(isAmong(sources, { address, port: 40_000 }), true, address)
    for (const address of ['10.78.0.2', 'fd78::2', '::ffff:10.78.0.2'])
      assert.equal(isAmong(sources, { address, port: 40_000 }), false, address)
  })
})

test('a notification to loopback leaves by a socket that is bound to loopback, of either family', async () => {
  for (const [family, local] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const receiver = createSocket(family).bind(0, local)
    await once(receiver, 'listening')
    const sockets = new NotificationSockets({ onDatagram: () => {}, onError: assert.fail })
    sockets.send(Uint8Array.of(1), receiver.address().port, local, () => {})
    const [, { address, port }] = await once(receiver, 'message')
    assert.equal(address, local)
    assert.deepEqual(boundTo(port), [local === '::1' ? '00000000000000000000000001000000' : '0100007F'])
    await sockets.stop()
    receiver.close()
  }
})

/** The local addresses of the UDP sockets with this port, as the kernel writes them. */
function boundTo(port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/udp', '/proc/net/udp6'].flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[1] ?? '')
      .filter((local) => local.endsWith(wanted))
      .map((local) => local.slice(0, -wanted.length)),
  )
}

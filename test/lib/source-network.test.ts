import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceNetwork, sourceSite } from '../../lib/net/source-network.ts'

test('a source is an IPv4 address, and of IPv6 the /64 that one site has', () => {
  for (const [address, source] of [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:db8:0:7:a:b:c:d', '2001:db8:0:7::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:db8::a:b:c:d', '2001:db8::/64'],
    ['2001:db8:1:0:5::', '2001:db8:1::/64'],
    ['1::2:3:4:5:6', '1:0:0:2::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['::1', '::/64'],
  ] as const)
    assert.equal(sourceNetwork(address), source, address)
})

test('a site is the /48 of IPv6 that a source is in; an IPv4 address is in none', () => {
  for (const [source, site] of [
    ['2001:db8:1:7::/64', '2001:db8:1::/48'],
    ['2001:db8:1::/64', '2001:db8:1::/48'],
    ['2001:db8:0:7::/64', '2001:db8::/48'],
    ['2001:db8::/64', '2001:db8::/48'],
    ['1:0:0:2::/64', '1::/48'],
    ['fe80::/64', 'fe80::/48'],
    ['::/64', '::/48'],
    ['192.0.2.7', undefined],
    ['', undefined],
  ] as const)
    assert.equal(sourceSite(source), site, source)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { dataOf } from '../../sipd/dns/message.ts'
import { parseResolvConf } from '../../sipd/dns/resolv-conf.ts'
import { type Dns, NoAnswerError } from '../../sipd/dns/resolver.ts'
import { LruMap } from '../../sipd/locate/lru-map.ts'
import type { Family } from '../../sipd/locate/names.ts'
import { parseHosts, SystemNames } from '../../sipd/locate/system-names.ts'
import { nameServer } from '../support/name-server.ts'
import { harness, request } from './proxy-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'names-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
function file(text: string): string {
  const path = join(folder, String(files++))
  writeFileSync(path, text)
  return path
}

/** A DNS of these names; one that ends in `silent` is never answered, and one in `broken` by an error. */
function dnsOf(known: Readonly<Record<string, readonly string[]>>): Dns & { readonly asked: string[] } {
  const asked: string[] = []
  const none = { records: [], ttlSeconds: 5 }
  return {
    asked,
    ask: async (type, name) => {
      asked.push(`${type} ${name}`)
      if (name.endsWith('silent')) return new Promise(() => {})
      if (name.endsWith('broken')) throw new NoAnswerError(name)
      const addresses = known[name]?.filter((address) => isIP(address) === (type === 'A' ? 4 : 6)) ?? []
      const packet = addresses.map((data) => dataOf(type, { type: data.includes(':') ? 'AAAA' : 'A', name, data }))
      return packet.length === 0 ? none : { records: packet.filter((data) => data !== undefined), ttlSeconds: 60 }
    },
  }
}

function names(options: { hosts?: string; resolvConf?: string; dns?: Dns; clock?: ManualClock } = {}) {
  const { hosts = '', resolvConf = 'nameserver 192.0.2.53\n', dns = dnsOf({}), clock = new ManualClock() } = options
  const system = new SystemNames({ clock, hostsPath: file(hosts), resolvConfPath: file(resolvConf), dns })
  return {
    ...lookupOf(system),
    srv: async (service: string, host: string) => (await system.srv(service, host)).records,
  }
}

/** As a locator looks a name up: what the machine knows by itself first. */
function lookupOf(system: SystemNames) {
  return {
    lookup: async (host: string, families: readonly Family[] = [4, 6]): Promise<readonly string[]> =>
      system.known(host, families) ?? (await system.addresses(host, families)).records,
  }
}

describe('names as the system has them', () => {
  test('are those of /etc/hosts first, in any case, with IPv4 before IPv6, and without a question', async () => {
    const dns = dnsOf({ 'gw.example': ['192.0.2.9'] })
    const system = names({ hosts: '2001:db8::1 gw.example gw\n192.0.2.1\tGW.Example # main\n#192.0.2.2 gw\n', dns })
    assert.deepEqual(await system.lookup('gw.EXAMPLE.'), ['192.0.2.1', '2001:db8::1'])
    assert.deepEqual(await system.lookup('gw'), ['2001:db8::1'])
    assert.deepEqual(dns.asked, [])
  })

  test('are those of the DNS otherwise, of IPv6 where there is no IPv4', async () => {
    const system = names({ dns: dnsOf({ 'a.example': ['192.0.2.1', '2001:db8::1'], 'b.example': ['2001:db8::2'] }) })
    assert.deepEqual(await system.lookup('a.example'), ['192.0.2.1'])
    assert.deepEqual(await system.lookup('b.example'), ['2001:db8::2'])
    assert.deepEqual(await system.lookup('c.example'), [])
    await assert.rejects(system.lookup('d.broken'), NoAnswerError)
  })

  test('without a dot are looked for in the search list', async () => {
    const dns = dnsOf({ 'gw.second.example': ['192.0.2.1'] })
    const system = names({ resolvConf: 'domain other\nsearch first.example second.example.\n', dns })
    assert.deepEqual(await system.lookup('gw'), ['192.0.2.1'])
    assert.deepEqual(dns.asked, ['A gw.first.example', 'AAAA gw.first.example', 'A gw.second.example'])
  })

  test('that nobody answers for are given up after two seconds', async () => {
    const clock = new ManualClock()
    const looking = names({ clock }).lookup('a.silent')
    clock.advance(1999)
    let isOver = false
    const rejected = assert.rejects(looking, /no answer for a\.silent within 2000 ms/).then(() => {
      isOver = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isOver, false)
    clock.advance(1)
    await rejected
  })

  test('follow both files when they are changed', async () => {
    const clock = new ManualClock()
    const [hostsPath, resolvConfPath] = [file(''), file('')]
    const asked: string[] = []
    const server = await nameServer((question) => {
      asked.push(question.name.toLowerCase())
      return [{ type: 'A', name: question.name, ttl: 60, data: '192.0.2.2' }]
    })
    try {
      const servers = [server.address]
      const system = lookupOf(new SystemNames({ clock, servers, hostsPath, resolvConfPath }))
      assert.deepEqual(await system.lookup('gw'), ['192.0.2.2'])
      writeFileSync(resolvConfPath, 'search new.example\n')
      clock.advance(2000)
      assert.deepEqual(await system.lookup('gw'), ['192.0.2.2'])
      assert.deepEqual(asked, ['gw', 'gw.new.example'])
      writeFileSync(hostsPath, '192.0.2.3 gw\n')
      clock.advance(2000)
      assert.deepEqual(await system.lookup('gw'), ['192.0.2.3'])
    } finally {
      server.close()
    }
  })

  test('of a server that is silent for some do not hold up the others', async () => {
    let silent = 0
    const server = await nameServer(({ name }) => {
      if (!name.toLowerCase().includes('silent')) return [{ type: 'A', name, ttl: 60, data: '192.0.2.99' }]
      silent++
      return undefined
    })
    try {
      const options = { clock: systemClock, servers: [server.address], hostsPath: file(''), resolvConfPath: file('') }
      const system = lookupOf(new SystemNames(options))
      const order: string[] = []
      const lookings = Array.from({ length: 50 }, (_, i) =>
        system.lookup(`n${i}.silent.example`).then(
          () => order.push('answered'),
          () => order.push('given up'),
        ),
      )
      assert.deepEqual(await system.lookup('good.example'), ['192.0.2.99'])
      order.push('good')
      await Promise.all(lookings)
      assert.deepEqual(order, ['good', ...lookings.map(() => 'given up')])
      assert.ok(silent >= 50)
    } finally {
      server.close()
    }
  })

  test('have a service without a dot in the same search list', async () => {
    const dns = dnsOf({})
    await names({ resolvConf: 'search example.test\n', dns }).srv('_sip._udp.', 'gw')
    assert.deepEqual(dns.asked, ['SRV _sip._udp.gw.example.test', 'SRV _sip._udp.gw'])
  })
})

test('hosts and resolv.conf are read as hosts(5) and resolv.conf(5) have them', () => {
  assert.deepEqual(
    [...parseHosts('# none\n\n127.0.0.1 a b\n127.0.0.1 a\n::1 A\n192.0.2.1\n')],
    [
      ['a', ['127.0.0.1', '::1']],
      ['b', ['127.0.0.1']],
    ],
  )
  assert.deepEqual(parseResolvConf('nameserver 192.0.2.1\nsearch a. B\noptions ndots:1\nnameserver 2001:db8::1\n'), {
    servers: [
      { address: '192.0.2.1', port: 53 },
      { address: '2001:db8::1', port: 53 },
    ],
    search: ['a', 'b'],
  })
  assert.deepEqual(parseResolvConf('search a\ndomain b\nnameserver x\n'), {
    servers: [{ address: '127.0.0.1', port: 53 }],
    search: ['b'],
  })
})

test('an LruMap gives up what was not asked for the longest, one by one', () => {
  const map = new LruMap<string, number>(3)
  for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i)
  assert.equal(map.get('a'), 0)
  map.set('d', 3)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => map.get(key)),
    [0, undefined, 2, 3],
  )
  map.set('a', 9)
  assert.deepEqual([map.size, map.get('a')], [3, 9])
})

test('a sipd of IPv6 alone asks for AAAA and not for A, and takes no other address from /etc/hosts', async () => {
  const dns = dnsOf({ 'gateway.example': ['203.0.113.9', '2001:db8::9'] })
  const system = names({ hosts: '203.0.113.7 both.example\n2001:db8::7 both.example\n', dns })
  assert.deepEqual(await system.lookup('gateway.example', [6]), ['2001:db8::9'])
  assert.deepEqual(await system.lookup('both.example', [6]), ['2001:db8::7'])
  assert.deepEqual(dns.asked, ['AAAA gateway.example'])
  assert.deepEqual(await system.lookup('gateway.example', [4, 6]), ['203.0.113.9'])
})

test('a dual-stack name leads a sipd of one family to its addresses of that family, however many others stand before them', async () => {
  for (const [address, expected] of [
    ['2001:db8::1', '2001:db8::9'],
    ['192.0.2.1', '203.0.113.1'],
  ] as const) {
    const listener = { transports: ['UDP'] as const, address, port: 5060, sentBy: address, tlsPort: undefined }
    const proxy = harness({
      settings: { identity: { listeners: [listener], domains: [], addresses: [address] } },
      lookup: async () => ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '2001:db8::9'],
    })
    proxy.receive(request('MESSAGE', 'sip:bob@gateway.example'))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(
      proxy.take().map(({ hop }) => hop.address),
      [expected],
    )
  }
})

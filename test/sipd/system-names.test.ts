import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ManualClock, systemClock } from '../../lib/time/clock.ts'
import { LruMap } from '../../sipd/locate/lru-map.ts'
import { type NameServers, parseHosts, parseSearch, SystemNames } from '../../sipd/locate/system-names.ts'
import { harness, request } from './proxy-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'names-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
function file(text: string): string {
  const path = join(folder, String(files++))
  writeFileSync(path, text)
  return path
}

const coded = (code: string) => Object.assign(new Error(code), { code })

/** A DNS of these names; any other is ENOTFOUND, and one that ends in `silent` is never answered. */
function servers(known: Readonly<Record<string, readonly string[]>>): NameServers & { readonly asked: string[] } {
  const asked: string[] = []
  const resolve = (isWanted: (address: string) => boolean) => (name: string) => {
    asked.push(name)
    if (name.endsWith('silent')) return new Promise<string[]>(() => {})
    if (name.endsWith('broken')) return Promise.reject(coded('ESERVFAIL'))
    const found = known[name]?.filter(isWanted) ?? []
    return found.length > 0 ? Promise.resolve(found) : Promise.reject(coded(known[name] ? 'ENODATA' : 'ENOTFOUND'))
  }
  return {
    asked,
    resolve4: resolve((address) => !address.includes(':')),
    resolve6: resolve((address) => address.includes(':')),
  }
}

function names(
  options: { hosts?: string; resolvConf?: string; dns?: NameServers; clock?: ManualClock } = {},
): SystemNames {
  const { hosts = '', resolvConf = 'nameserver 192.0.2.53\n', dns = servers({}), clock = new ManualClock() } = options
  return new SystemNames({ clock, hostsPath: file(hosts), resolvConfPath: file(resolvConf), servers: () => dns })
}

describe('names as the system has them', () => {
  test('are those of /etc/hosts first, in any case, with IPv4 before IPv6, and without a question', async () => {
    const dns = servers({ 'gw.example': ['192.0.2.9'] })
    const system = names({ hosts: '2001:db8::1 gw.example gw\n192.0.2.1\tGW.Example # main\n#192.0.2.2 gw\n', dns })
    assert.deepEqual(await system.lookup('gw.EXAMPLE.'), ['192.0.2.1', '2001:db8::1'])
    assert.deepEqual(await system.lookup('gw'), ['2001:db8::1'])
    assert.deepEqual(dns.asked, [])
  })

  test('are those of the DNS otherwise, of IPv6 where there is no IPv4', async () => {
    const system = names({ dns: servers({ 'a.example': ['192.0.2.1', '2001:db8::1'], 'b.example': ['2001:db8::2'] }) })
    assert.deepEqual(await system.lookup('a.example'), ['192.0.2.1'])
    assert.deepEqual(await system.lookup('b.example'), ['2001:db8::2'])
    assert.deepEqual(await system.lookup('c.example'), [])
    await assert.rejects(system.lookup('d.broken'), { code: 'ESERVFAIL' })
  })

  test('without a dot are looked for in the search list', async () => {
    const dns = servers({ 'gw.second.example': ['192.0.2.1'] })
    const system = names({ resolvConf: 'domain other\nsearch first.example second.example.\n', dns })
    assert.deepEqual(await system.lookup('gw'), ['192.0.2.1'])
    assert.deepEqual([...new Set(dns.asked)], ['gw.first.example', 'gw.second.example'])
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
    let made = 0
    const dns = servers({ 'gw.new.example': ['192.0.2.2'] })
    const make = (): NameServers => {
      made++
      return dns
    }
    const system = new SystemNames({ clock, hostsPath, resolvConfPath, servers: make })
    assert.deepEqual(await system.lookup('gw'), [])
    const before = made
    writeFileSync(resolvConfPath, 'search new.example\n')
    clock.advance(2000)
    assert.deepEqual(await system.lookup('gw'), ['192.0.2.2'])
    assert.equal(made, before + 1, 'the resolver reads resolv.conf when it is made')
    writeFileSync(hostsPath, '192.0.2.3 gw\n')
    clock.advance(2000)
    assert.deepEqual(await system.lookup('gw'), ['192.0.2.3'])
  })

  test('of a server that is silent for some do not hold up the others', async () => {
    const socket = createSocket('udp4')
    let silent = 0
    socket.on('message', (query, { port, address }) => {
      if (query.includes('silent')) silent++
      else socket.send(answerTo(query), port, address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    try {
      const resolver = new Resolver({ timeout: 1000, tries: 2 })
      resolver.setServers([`127.0.0.1:${socket.address().port}`])
      const system = new SystemNames({
        clock: systemClock,
        hostsPath: file(''),
        resolvConfPath: file(''),
        servers: () => resolver,
      })
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
      socket.close()
    }
  })
})

/** RFC 1035 §4.1: the question again, and one A record of it. */
function answerTo(query: Buffer): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(1, 6)
  header.writeUInt16BE(0, 8)
  header.writeUInt16BE(0, 10)
  const questionEnd = query.indexOf(0, 12) + 5
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 99])
  return Buffer.concat([header, query.subarray(12, questionEnd), record])
}

test('hosts and resolv.conf are read as hosts(5) and resolv.conf(5) have them', () => {
  assert.deepEqual(
    [...parseHosts('# none\n\n127.0.0.1 a b\n127.0.0.1 a\n::1 A\n192.0.2.1\n')],
    [
      ['a', ['127.0.0.1', '::1']],
      ['b', ['127.0.0.1']],
    ],
  )
  assert.deepEqual(parseSearch('nameserver 192.0.2.1\nsearch a. B\noptions ndots:1\n'), ['a', 'b'])
  assert.deepEqual(parseSearch('search a\ndomain b\n'), ['b'])
  assert.deepEqual(parseSearch(''), [])
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
  const asked: string[] = []
  const both = (): NameServers => ({
    resolve4: async (name: string) => {
      asked.push(`A ${name}`)
      return ['203.0.113.9']
    },
    resolve6: async (name: string) => {
      asked.push(`AAAA ${name}`)
      return ['2001:db8::9']
    },
  })
  const hostsPath = file('203.0.113.7 both.example\n2001:db8::7 both.example\n')
  const names = new SystemNames({ clock: new ManualClock(), hostsPath, resolvConfPath: file(''), servers: both })
  assert.deepEqual(await names.lookup('gateway.example', [6]), ['2001:db8::9'])
  assert.deepEqual(await names.lookup('both.example', [6]), ['2001:db8::7'])
  assert.deepEqual(asked, ['AAAA gateway.example'])
  assert.deepEqual(await names.lookup('gateway.example', [4, 6]), ['203.0.113.9'])
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

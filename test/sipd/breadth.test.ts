import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Hop } from '../../sipd/message/hop.ts'
import { divideBreadth } from '../../sipd/proxy/breadth.ts'
import { caller, type Harness, harness, headers, kindOf, kindsOf, request, requestUriOf } from './proxy-support.ts'

const breadths = (proxy: Harness, method: string): string[] =>
  proxy
    .take()
    .filter((one) => kindOf(one) === method)
    .flatMap(({ text }) => headers(text, 'Max-Breadth'))

function bindMany(proxy: Harness, count: number, q = 1000): void {
  for (let i = 1; i <= count; i++) proxy.bind('bob', `sip:bob@203.0.113.${i + q / 10}`, { q })
}

const toBob = (Breadth: string, method = 'INVITE') =>
  request(method, 'sip:bob@example.test', { 'Max-Breadth': Breadth })

describe('Max-Breadth (RFC 5393 §5.3)', () => {
  test('is 60 where a request has none, and is divided among the branches', () => {
    for (const [given, count, expected] of [
      ['', 1, ['60']],
      ['', 5, ['12', '12', '12', '12', '12']],
      ['7', 1, ['7']],
      ['7', 3, ['3', '2', '2']],
      ['3', 3, ['1', '1', '1']],
      ['4294967295', 2, ['30', '30']],
    ] as const) {
      const proxy = harness()
      bindMany(proxy, count)
      proxy.receive(toBob(given))
      assert.deepEqual(breadths(proxy, 'INVITE'), expected, `${given || 'none'} among ${count}`)
    }
  })

  test('that is too small for the branches is 440, and nothing leaves', () => {
    for (const [given, count] of [
      ['2', 3],
      ['0', 1],
    ] as const) {
      const proxy = harness()
      bindMany(proxy, count)
      proxy.receive(toBob(given))
      assert.deepEqual(
        kindsOf(proxy.take()).filter((kind) => kind !== '100'),
        ['440'],
      )
      proxy.clock.advance(40_000)
      assert.equal(proxy.layer.live, 0)
    }
  })

  test('is free again for those that are tried later (§5.3.3.2)', () => {
    const proxy = harness()
    bindMany(proxy, 2, 900)
    bindMany(proxy, 2, 800)
    proxy.receive(toBob('2'))
    const [, one, two] = proxy.take()
    proxy.answer(one!, 486)
    proxy.answer(two!, 486)
    assert.deepEqual(breadths(proxy, 'INVITE'), ['1', '1'])
  })

  test('goes through a stateless proxy, which has one branch', () => {
    const proxy = harness({ policy: { stateful: false } })
    bindMany(proxy, 2)
    proxy.receive(toBob('7', 'MESSAGE'))
    assert.deepEqual(breadths(proxy, 'MESSAGE'), ['7'])
    proxy.receive(toBob('0', 'MESSAGE'))
    assert.deepEqual(kindsOf(proxy.take()), ['440'])
  })

  test('that is no number, or there twice, is 400', () => {
    for (const wrong of ['-1', 'x', '1, 2', '1\r\nMax-Breadth: 1']) {
      const proxy = harness()
      proxy.receive(toBob(wrong))
      assert.deepEqual(kindsOf(proxy.take()), ['400'], wrong)
    }
  })

  test('is never more in all than there was', () => {
    for (let breadth = 1; breadth <= 60; breadth++)
      for (let branches = 1; branches <= 7; branches++) {
        const shares = divideBreadth(breadth, branches)
        assert.equal(
          shares?.reduce((sum, share) => sum + share, 0),
          branches > breadth ? undefined : breadth,
        )
        assert.ok(shares?.every((share) => share >= 1) ?? true)
      }
  })
})

/** Users u0 to u11, each with five contacts that are others of them at this host. */
function bindBomb(proxy: Harness, domain: string, host: string): void {
  for (let user = 0; user < 12; user++) {
    const addressOfRecord = `sip:u${user}@${domain}`
    const bindings = [1, 2, 3, 4, 5].map((n) => ({
      contact: `sip:u${(user + n) % 12}@${host};n=${user * 5 + n}`,
      ...{
        callId: 'c',
        cseq: n,
        q: 1000,
        expiresAtMs: Number.MAX_SAFE_INTEGER,
        flow: undefined,
        path: [],
        userAgent: '',
        instance: '',
        features: '',
        source: '',
      },
    }))
    proxy.store.replace(addressOfRecord, bindings)
  }
}

describe('twelve users with five contacts each at others of the twelve', () => {
  for (const host of ['example.test', '192.0.2.1:5060', 'EXAMPLE.test.:5060'])
    for (const stateful of [true, false])
      test(`cost one answer and no request at all, by ${host}, ${stateful ? 'with' : 'without'} state`, () => {
        const proxy = harness({ policy: { stateful } })
        bindBomb(proxy, 'example.test', host)
        proxy.receive(request('OPTIONS', 'sip:u0@example.test'))
        assert.deepEqual(kindsOf(proxy.take()), ['482'])
        proxy.clock.advance(60_000)
        assert.deepEqual(proxy.take(), [])
      })

  test('ring the one phone that is among them once', () => {
    const proxy = harness()
    bindBomb(proxy, 'example.test', 'example.test')
    const user = 'sip:u7@example.test'
    const [binding] = proxy.store.find(user)
    proxy.store.replace(user, [...proxy.store.find(user), { ...binding!, contact: 'sip:phone@203.0.113.7' }])
    proxy.receive(request('OPTIONS', 'sip:u0@example.test'))
    assert.deepEqual(proxy.take().map(requestUriOf), ['sip:phone@203.0.113.7'])
  })

  test('of two proxies that lead to each other cost thirty requests, and an answer', () => {
    const listener = { transports: ['UDP', 'TCP'] as const, port: 5060, tlsPort: undefined }
    const identityOf = (address: string, domain: string) => ({
      listeners: [{ ...listener, address, sentBy: address }],
      domains: [domain],
      addresses: [address],
    })
    const hosts = ['192.0.2.1', '192.0.2.9'] as const
    const [one, other] = [harness(), harness({ settings: { identity: identityOf(hosts[1], 'other.test') } })] as const
    bindBomb(one, 'example.test', `${hosts[1]}:5060`)
    bindBomb(other, 'other.test', `${hosts[0]}:5060`)
    one.receive(request('OPTIONS', 'sip:u0@example.test'))
    let requests = 0
    const answers: string[] = []
    for (let quiet = 0; quiet < 2; ) {
      quiet++
      for (const [from, to, address] of [
        [one, other, hosts[0]],
        [other, one, hosts[1]],
      ] as const)
        for (const sent of from.take()) {
          quiet = 0
          if (sent.hop.address === caller.address) answers.push(kindOf(sent))
          else {
            if (kindOf(sent) === 'OPTIONS') requests++
            assert.ok(requests < 1000, 'a fork bomb')
            const source: Hop = { ...caller, address }
            to.receive(sent.text, source)
          }
        }
    }
    assert.deepEqual([requests, answers], [5 + 25, ['440']])
    assert.deepEqual([one.layer.live, other.layer.live], [0, 0])
  })
})

test('a contact at another user of ours is preferred as much as both of them say', () => {
  const proxy = harness()
  proxy.bind('bob', 'sip:carol@example.test', { q: 500 })
  proxy.bind('bob', 'sip:bob@203.0.113.1', { q: 400 })
  proxy.bind('carol', 'sip:carol@203.0.113.2', { q: 1000 })
  proxy.bind('carol', 'sip:carol@203.0.113.3', { q: 200 })
  const reached: string[] = []
  proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
  for (let sent = proxy.take(); kindOf(sent[0]!) === 'MESSAGE'; sent = proxy.take()) {
    reached.push(sent[0]!.hop.address)
    proxy.answer(sent[0]!, 480)
  }
  assert.deepEqual(reached, ['203.0.113.2', '203.0.113.1', '203.0.113.3'])
})

test('a phone that wrote our name in its contact is reached by its connection', () => {
  const proxy = harness()
  proxy.bind('bob', 'sip:bob@example.test', { flow: 'TCP/203.0.113.5/31000/0/1.9' })
  proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
  assert.equal(proxy.take()[0]?.hop.connection, '1.9')
})

test('what leads to our own port by any other way ends there, as a loop', async () => {
  for (const local of [false, true]) {
    const proxy = harness({
      lookup: async () => ['192.0.2.1'],
      settings: { relay: { exposed: [!local], allowed: ['0.0.0.0/0'], allowsRegistered: false } },
    })
    proxy.bind('bob', 'sip:bob@h.example', { path: ['<sip:192.0.2.1;lr>'] })
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    proxy.receive(request('MESSAGE', 'sip:x@alias.example', { Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKalias' }))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(kindsOf(proxy.take()), ['482', '482'])
  }
})

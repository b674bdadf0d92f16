import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Change } from '../../sipd/location/binding.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { caller, type Harness, harness, headers, kindsOf, request, type Sent } from './proxy-support.ts'

const victim = 'sip:x@203.0.113.200'
const bobsPhone: Hop = { ...caller, address: '203.0.113.5' }
const loopback: Hop = { ...caller, address: '127.0.0.1' }

/** A proxy that other machines reach. */
function exposed(
  options: Parameters<typeof harness>[0] = {},
  allowed: readonly string[] = [],
  allowsRegistered = false,
): Harness {
  return harness({
    ...options,
    settings: { ...options.settings, relay: { exposed: [true], allowed, allowsRegistered } },
  })
}

/** Requests that left for a host, and what was answered, but for 100. */
function outcome(sent: readonly Sent[]): string[] {
  return sent.flatMap((one) => {
    const [kind] = kindsOf([one])
    return kind === '100' ? [] : /^\d/.test(kind!) ? [kind!] : [`${kind} ${one.hop.address}:${one.hop.port}`]
  })
}

const inDialog = { To: '<sip:bob@example.test>;tag=callee' }

for (const stateful of [true, false])
  describe(`a listener that other machines reach, ${stateful ? 'with' : 'without'} state`, () => {
    const policy = { stateful }

    for (const [what, text] of [
      ['an INVITE', request('INVITE', victim)],
      ['a MESSAGE', request('MESSAGE', victim)],
      ['a REGISTER of another domain', request('REGISTER', 'sip:elsewhere.example')],
      ['a BYE of no call of ours', request('BYE', victim, inDialog)],
      [
        'a request for a user of ours with a Route elsewhere',
        request('MESSAGE', 'sip:bob@example.test', { Route: '<sip:203.0.113.200;lr>' }),
      ],
      [
        'a request with our own Route before that',
        request('MESSAGE', 'sip:bob@example.test', { Route: '<sip:192.0.2.1;lr>, <sip:203.0.113.200;lr>' }),
      ],
      [
        'a request with a forged token',
        request('BYE', victim, {
          ...inDialog,
          Route: '<sip:192.0.2.1;lr;castellan=AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAA>',
        }),
      ],
      [
        'a request to another port of a phone of ours',
        request('MESSAGE', 'sip:bob@203.0.113.5:22;transport=tcp', inDialog),
      ],
      ['a request with a maddr', request('MESSAGE', 'sip:bob@203.0.113.5;maddr=203.0.113.200', inDialog)],
      [
        'a request that calls itself one of ours',
        request('MESSAGE', victim, { From: '<sip:bob@example.test>;tag=ann' }),
      ],
    ] as const)
      test(`${what} of a stranger is 403, and goes nowhere`, () => {
        const proxy = exposed({ policy })
        proxy.bind('bob', 'sip:bob@203.0.113.5')
        proxy.receive(text)
        assert.deepEqual(outcome(proxy.take()), ['403'])
      })

    test('an ACK of a stranger goes nowhere, without a word', () => {
      const proxy = exposed({ policy })
      proxy.receive(request('ACK', victim, inDialog))
      assert.deepEqual(proxy.take(), [])
    })

    test('users of each of our domains are for everybody', () => {
      const proxy = exposed({ policy, domains: ['example.test', 'second.example'] })
      proxy.bind('bob', 'sip:bob@203.0.113.5')
      proxy.store.replace('sip:carol@second.example', proxy.store.find('sip:bob@example.test'))
      proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
      const Via = 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKsecond'
      proxy.receive(request('MESSAGE', 'sip:carol@second.example', { Via }))
      assert.deepEqual(outcome(proxy.take()), ['MESSAGE 203.0.113.5:5060', 'MESSAGE 203.0.113.5:5060'])
    })

    test('a registered user gets no further than a stranger: who has not to prove who he is, registers to look for open ports', () => {
      const proxy = exposed({ policy })
      proxy.receive(
        request('REGISTER', 'sip:example.test', { To: '<sip:bob@example.test>', Contact: '<sip:bob@203.0.113.5>' }),
        bobsPhone,
      )
      assert.deepEqual(kindsOf(proxy.take()), ['200'])
      const From = '<sip:bob@example.test>;tag=b'
      for (const [n, port] of [22, 80, 5060].entries()) {
        const Via = `SIP/2.0/UDP 203.0.113.5:5060;branch=z9hG4bKscan${n}`
        proxy.receive(request('MESSAGE', `sip:x@203.0.113.200:${port};transport=tcp`, { From, Via }), bobsPhone)
        proxy.receive(
          request('MESSAGE', 'sip:bob@example.test', { From, Via: `${Via}r`, Route: `<sip:203.0.113.200:${port};lr>` }),
          bobsPhone,
        )
        assert.deepEqual(outcome(proxy.take()), ['403', '403'])
      }
    })

    test('registered users call one another, and end the call from either side', () => {
      const proxy = exposed({ policy })
      proxy.bind('ann', 'sip:ann@198.51.100.1')
      proxy.bind('bob', 'sip:bob@203.0.113.5')
      const [ann, bob] = ['<sip:ann@example.test>;tag=ann', '<sip:bob@example.test>;tag=callee'] as const
      const via = (host: string, n: number) => `SIP/2.0/UDP ${host}:5060;branch=z9hG4bKcall${n}`
      proxy.receive(request('INVITE', 'sip:bob@example.test', { From: ann, Via: via(caller.address, 1) }))
      proxy.receive(request('ACK', 'sip:bob@203.0.113.5', { From: ann, To: bob, Via: via(caller.address, 2) }))
      proxy.receive(request('BYE', 'sip:bob@203.0.113.5', { From: ann, To: bob, Via: via(caller.address, 3) }))
      proxy.receive(
        request('BYE', 'sip:ann@198.51.100.1', { From: bob, To: ann, Via: via(bobsPhone.address, 4) }),
        bobsPhone,
      )
      assert.deepEqual(outcome(proxy.take()), [
        'INVITE 203.0.113.5:5060',
        'ACK 203.0.113.5:5060',
        'BYE 203.0.113.5:5060',
        'BYE 198.51.100.1:5060',
      ])
    })

    test('by AllowRelayRegistered a registered user reaches everybody from where he registered, by address or by flow, and from nowhere else', () => {
      for (const flow of [undefined, 'UDP/203.0.113.5/31000/0/']) {
        const proxy = exposed({ policy }, [], true)
        proxy.bind('bob', flow === undefined ? 'sip:bob@203.0.113.5' : 'sip:bob@10.0.0.9', { ...(flow && { flow }) })
        const From = '<sip:bob@example.test>;tag=b'
        proxy.receive(request('MESSAGE', victim, { From }), bobsPhone)
        assert.deepEqual(outcome(proxy.take()), ['MESSAGE 203.0.113.200:5060'])
        const Via = 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKother'
        proxy.receive(request('MESSAGE', victim, { From, Via }))
        proxy.receive(request('MESSAGE', victim, { Via: `${Via}2` }), bobsPhone)
        assert.deepEqual(outcome(proxy.take()), ['403', '403'])
      }
    })

    test('what AllowRelay names reaches everybody, and so does this machine itself', () => {
      for (const [source, allowed, expected] of [
        [caller, ['198.51.100.1'], true],
        [caller, ['198.51.100.0/24', '2001:db8::/32'], true],
        [caller, ['198.51.101.0/24'], false],
        [caller, ['0.0.0.0/0'], true],
        [{ ...caller, address: '2001:db8::7' }, ['198.51.100.0/24', '2001:db8::/32'], true],
        [{ ...caller, address: '2001:db9::7' }, ['198.51.100.0/24', '2001:db8::/32'], false],
        [loopback, [], true],
        [{ ...caller, address: '192.0.2.2' }, [], true],
      ] as const) {
        const proxy = exposed({ policy }, allowed)
        proxy.receive(request('MESSAGE', victim), source)
        const left = proxy.take().filter((one) => kindsOf([one])[0] === 'MESSAGE').length
        assert.equal(left, expected ? 1 : 0, `${source.address} by ${allowed}`)
      }
    })

    test('what belongs to a call goes straight to a contact of its callee', () => {
      const proxy = exposed({ policy })
      proxy.bind('bob', 'sip:bob@203.0.113.5')
      proxy.receive(
        request('ACK', 'sip:bob@203.0.113.5', { ...inDialog, Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKa' }),
      )
      proxy.receive(request('BYE', 'sip:bob@203.0.113.5', inDialog))
      assert.deepEqual(outcome(proxy.take()), ['ACK 203.0.113.5:5060', 'BYE 203.0.113.5:5060'])
    })
  })

describe('a dialog that led through here', () => {
  const policy = { addRecordRoute: true }

  /** A stranger calls bob, who then is registered no more; gives the route that both sides have. */
  function called(proxy: Harness): string {
    proxy.bind('bob', 'sip:bob@203.0.113.5')
    proxy.receive(request('INVITE', 'sip:bob@example.test'))
    const invite = proxy.take().find((one) => kindsOf([one])[0] === 'INVITE')!
    proxy.answer(invite, 200, ['Contact: <sip:bob@203.0.113.5>'])
    proxy.store.replace('sip:bob@example.test', [])
    const [route] = headers(proxy.take()[0]!.text, 'Record-Route')
    return route!
  }

  test('goes on in both directions by our Record-Route, when its callee is registered no more', () => {
    const proxy = exposed({ policy })
    const Route = called(proxy)
    const of = (method: string, uri: string, more: Readonly<Record<string, string>>) =>
      request(method, uri, { Route, Via: `SIP/2.0/UDP h.example;branch=z9hG4bK${method}${uri.length}`, ...more })
    proxy.receive(of('ACK', 'sip:bob@203.0.113.5', inDialog))
    proxy.receive(of('UPDATE', 'sip:bob@203.0.113.5', inDialog))
    const back = { From: '<sip:bob@example.test>;tag=callee', To: '<sip:ann@example.test>;tag=ann' }
    proxy.receive(of('BYE', 'sip:ann@198.51.100.1', back), { ...bobsPhone, port: 5062 })
    assert.deepEqual(outcome(proxy.take()), [
      'ACK 203.0.113.5:5060',
      'UPDATE 203.0.113.5:5060',
      'BYE 198.51.100.1:5060',
    ])
  })

  test('goes nowhere else by it: not to another host, and not with another Call-ID, tag or token', () => {
    const proxy = exposed({ policy })
    const Route = called(proxy)
    const to = 'sip:bob@203.0.113.5'
    const swapped = Route.replace(/castellan=([\w-]+)\.([\w-]+)/, 'castellan=$2.$1')
    assert.notEqual(swapped, Route)
    for (const [uri, more] of [
      [victim, inDialog],
      [to, { ...inDialog, 'Call-ID': 'call-2' }],
      [to, { ...inDialog, From: '<sip:ann@example.test>;tag=other' }],
      [to, { To: '<sip:bob@example.test>' }],
      [to, { ...inDialog, Route: swapped }],
      [to, { ...inDialog, Route: `${Route}, <sip:203.0.113.200;lr>` }],
    ] as const) {
      proxy.receive(request('BYE', uri, { Route, ...more }))
      assert.deepEqual(outcome(proxy.take()), ['403'], JSON.stringify(more))
      proxy.receive(request('ACK', uri, { Route, ...more }))
      assert.deepEqual(proxy.take(), [])
    }
  })

  test('has a token with workers that begin later, as after a graceful restart, and none with another start', () => {
    const signerSecret = Buffer.alloc(32, 7)
    const Route = called(exposed({ policy, signerSecret }))
    for (const [secret, expected] of [
      [signerSecret, ['BYE 203.0.113.5:5060']],
      [Buffer.alloc(32, 8), ['403']],
    ] as const) {
      const later = exposed({ policy, signerSecret: secret })
      later.receive(request('BYE', 'sip:bob@203.0.113.5', { Route, ...inDialog }))
      assert.deepEqual(outcome(later.take()), expected)
    }
  })

  test('behind a loopback listener Record-Route has no token', () => {
    assert.equal(called(harness({ policy })), '<sip:192.0.2.1:5060;lr>')
  })
})

describe('this machine', () => {
  const inner = [
    '127.0.0.1:22',
    '127.9.9.9:22',
    '[::1]:22',
    '[::ffff:127.0.0.1]:22',
    '192.0.2.2:22',
    '192.0.2.1:161',
    '0.0.0.0:22',
    '[::]:22',
  ]
  const toBob = request('MESSAGE', 'sip:bob@example.test')
  const binding = (contact: string): Change => [
    'sip:bob@example.test',
    [
      {
        contact,
        callId: 's',
        cseq: 0,
        q: 1000,
        expiresAtMs: 0,
        flow: undefined,
        path: [],
        userAgent: '',
        instance: '',
        features: '',
        source: '',
      },
    ],
  ]

  test('is no next hop of requests from other machines, also of those that AllowRelay names', () => {
    for (const host of inner) {
      const proxy = exposed({}, ['0.0.0.0/0'])
      proxy.receive(request('MESSAGE', `sip:x@${host};transport=tcp`))
      proxy.receive(
        request('MESSAGE', 'sip:x@h.example', {
          Route: `<sip:${host};transport=tcp;lr>`,
          Via: 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKr',
        }),
      )
      // There is no listener of IPv6 here that could send there.
      const status = host.startsWith('[') ? '500' : '403'
      assert.deepEqual(outcome(proxy.take()), [status, status], host)
    }
  })

  test('is no next hop by a name that means it', async () => {
    const proxy = exposed({ lookup: async () => ['127.0.0.1'] }, ['0.0.0.0/0'])
    proxy.bind('bob', 'sip:bob@inner.example:22')
    proxy.receive(toBob)
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(outcome(proxy.take()), ['403'])
  })

  test('is no contact and no Path of those who register from other machines', () => {
    for (const host of inner) {
      const proxy = exposed()
      const headersOf = (contact: string) => ({ To: '<sip:bob@example.test>', Contact: `<sip:bob@${contact}>` })
      proxy.receive(request('REGISTER', 'sip:example.test', headersOf(host)))
      const Maddr = 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKmaddr'
      const [, address, port] = /^(.*):(\d+)$/.exec(host)!
      const maddr = `198.51.100.1:${port};maddr=${address}`
      proxy.receive(request('REGISTER', 'sip:example.test', { ...headersOf(maddr), Via: Maddr }))
      assert.deepEqual(outcome(proxy.take()), ['403', '403'], host)
      const Path = `<sip:${host};lr>`
      const Via = 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKpath'
      proxy.receive(request('REGISTER', 'sip:example.test', { ...headersOf('198.51.100.1'), Path, Via }))
      assert.deepEqual(outcome(proxy.take()), ['403'], host)
      assert.equal(proxy.store.users, 0)
    }
  })

  test('is reached where it registered from itself, and where sipd.conf says so', () => {
    const registered = exposed()
    const Contact = '<sip:bob@127.0.0.1:5070>'
    registered.receive(request('REGISTER', 'sip:example.test', { To: '<sip:bob@example.test>', Contact }), loopback)
    const configured = exposed({ statics: [binding('sip:bob@127.0.0.1:5070')] })
    for (const proxy of [registered, configured]) {
      proxy.take()
      proxy.receive(toBob)
      assert.deepEqual(outcome(proxy.take()), ['MESSAGE 127.0.0.1:5070'])
    }
  })

  test('may send to itself', () => {
    const proxy = exposed()
    proxy.receive(request('MESSAGE', 'sip:x@127.0.0.1:5070'), loopback)
    assert.deepEqual(outcome(proxy.take()), ['MESSAGE 127.0.0.1:5070'])
  })
})

describe('a contact of a stranger that names a third machine', () => {
  const register = (Contact: string, more = {}) =>
    request('REGISTER', 'sip:example.test', { To: '<sip:bob@example.test>', Contact, ...more })
  const toBob = (n: number, more = {}) =>
    request('MESSAGE', 'sip:bob@example.test', { Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKaway${n}`, ...more })
  const there = `MESSAGE ${caller.address}:${caller.port}`

  test('leads to the stranger, by its address and by a name', () => {
    for (const host of ['203.0.113.200:7000', 'victim.example', '198.51.100.1;maddr=203.0.113.200']) {
      const proxy = exposed()
      proxy.receive(register(`<sip:bob@${host}>`))
      assert.deepEqual(kindsOf(proxy.take()), ['200'], host)
      proxy.receive(toBob(1))
      assert.deepEqual(outcome(proxy.take()), [there], host)
    }
  })

  test('opens no way straight to it', () => {
    const proxy = exposed()
    proxy.receive(register(`<${victim}>`))
    proxy.take()
    const From = '<sip:nobody@elsewhere.example>;tag=x'
    proxy.receive(request('MESSAGE', victim, { ...inDialog, From }), { ...caller, address: '198.51.100.77' })
    assert.deepEqual(outcome(proxy.take()), ['403'])
  })

  test('is not tried when the connection that it came by is gone', () => {
    const proxy = exposed()
    const source: Hop = { ...caller, transport: 'TCP', connection: '1.1' }
    proxy.receive(register(`<sip:bob@203.0.113.200;transport=tcp>`), source)
    proxy.take()
    proxy.receive(toBob(1))
    assert.ok(proxy.take().every(({ hop }) => hop.address !== '203.0.113.200'))
  })

  test('is refused as a Path, and both are taken from who is in AllowRelay', () => {
    const Path = '<sip:203.0.113.200;lr>'
    const strict = exposed()
    strict.receive(register('<sip:bob@198.51.100.1>', { Path }))
    assert.deepEqual(outcome(strict.take()), ['403'])
    const allowing = exposed({}, [caller.address])
    allowing.receive(register('<sip:bob@203.0.113.200>'))
    allowing.take()
    allowing.receive(toBob(1))
    assert.deepEqual(outcome(allowing.take()), ['MESSAGE 203.0.113.200:5060'])
  })
})

test('what would arrive at every machine of a network at once is no next hop and no contact of other machines', () => {
  for (const group of ['224.0.0.1', '239.1.2.3', '255.255.255.255']) {
    const proxy = exposed({}, [caller.address])
    const Contact = `<sip:bob@${group}:5060>`
    proxy.receive(request('REGISTER', 'sip:example.test', { To: '<sip:bob@example.test>', Contact }))
    const Via = 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKgroup'
    proxy.receive(request('MESSAGE', `sip:x@${group}`, { Via }))
    assert.deepEqual(outcome(proxy.take()), ['403', '403'], group)
  }
})

test('a 3xx leads a stranger to no other domain, and who may relay is led there', () => {
  for (const [allowed, expected] of [
    [[], ['302']],
    [['198.51.100.1'], ['MESSAGE 203.0.113.200:5060']],
  ] as const) {
    const proxy = exposed({}, allowed)
    proxy.bind('bob', 'sip:bob@203.0.113.5')
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    proxy.answer(proxy.take()[0]!, 302, [`Contact: <${victim}>`])
    assert.deepEqual(outcome(proxy.take()), expected)
  }
})

test('an INVITE to nobody costs whom its source was forged one datagram, and its ACK goes nowhere', () => {
  for (const [proxy, uri] of [
    [exposed(), 'sip:nobody@example.test'],
    [exposed(), victim],
    [exposed(), 'sip:example.test'],
    [exposed(), 'sip:bob@example.test;maddr=[::g]'],
  ] as const) {
    proxy.receive(request('INVITE', uri))
    const [answer] = proxy.take()
    proxy.clock.advance(60_000)
    assert.deepEqual(proxy.take(), [])
    assert.deepEqual([proxy.layer.live, proxy.held.size], [0, 0])
    proxy.receive(request('ACK', uri, { To: headers(answer!.text, 'To')[0]! }))
    assert.deepEqual(proxy.take(), [])
  }
})

test('an answer to what was never forwarded is not carried anywhere by a stateless proxy', () => {
  for (const mark of ['', ';i=0', ';i=0;m=AAAAAAAAAAAAAAAA', ';i=0-1.7;m=AAAAAAAAAAAAAAAA']) {
    const proxy = harness({ policy: { stateful: false } })
    const lines = [
      'SIP/2.0 200 OK',
      `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKc.x.y${mark}`,
      'Via: SIP/2.0/UDP 203.0.113.200;branch=z9hG4bKv',
      ...['From: <sip:a@b>;tag=1', 'To: <sip:b@b>;tag=2', 'Call-ID: c', 'CSeq: 1 MESSAGE', '', ''],
    ]
    proxy.receive(lines.join('\r\n'))
    assert.deepEqual(proxy.take(), [], mark)
    assert.equal(proxy.statistics.discarded, 1)
  }
})

test('why the next hop was not reached is in the log, and upstream hears the words that every server has', () => {
  const proxy = harness()
  proxy.receive(request('MESSAGE', `${victim};transport=tcp`))
  proxy.take()[0]!.fail()
  const [answer] = proxy.take()
  assert.match(answer!.text, /^SIP\/2\.0 500 Server Internal Error\r\n/)
  assert.doesNotMatch(answer!.text, /refused/)
  assert.ok(proxy.logged.some((line) => /a request could not be forwarded .*why="connection refused"/.test(line)))
})

test('what is wrong with a request is said in a Warning, beside the reason phrase of its status (RFC 3261 §20.43)', () => {
  const proxy = harness()
  proxy.receive(request('MESSAGE', victim, { From: '"a" b' }))
  proxy.receive(request('MESSAGE', victim, { CSeq: '1 INVITE' }))
  const [first, second] = proxy.take()
  assert.match(first!.text, /^SIP\/2\.0 400 Bad Request\r\n/)
  assert.deepEqual(headers(first!.text, 'Warning'), ['399 castellan "From is not of the grammar"'])
  assert.match(headers(second!.text, 'Warning')[0]!, /^399 castellan "(?:[^"\\]|\\.)*"$/)
})

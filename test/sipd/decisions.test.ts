/** What sipd decides where the RFC leaves it open, or where people were caught out. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { caller, harness, headers, kindOf, kindsOf, request, requestUriOf } from './proxy-support.ts'

describe('the Allow of a 405', () => {
  test('never names the method that is refused (RFC 3261 §21.4.6)', () => {
    for (const registrar of [true, false])
      for (const method of ['INVITE', 'BYE', 'JUMP', ...(registrar ? [] : ['REGISTER'])]) {
        const proxy = harness({ ...(!registrar && { settings: { registrar: undefined } }) })
        proxy.receive(request(method, 'sip:example.test'))
        const answer = proxy.take().at(-1)!
        assert.equal(kindOf(answer), '405', method)
        const allowed = headers(answer.text, 'Allow')[0]!.split(', ')
        assert.ok(!allowed.includes(method), method)
        for (const one of allowed) {
          const other = harness({ ...(!registrar && { settings: { registrar: undefined } }) })
          other.receive(request(one, 'sip:example.test', { Contact: '' }))
          assert.equal(kindOf(other.take().at(-1)!), '200', one)
        }
      }
  })
})

describe('a Route that leads on from here', () => {
  const Route = '<sip:192.0.2.1;lr>, <sip:203.0.113.70;lr>'
  for (const uri of ['tel:+15550100', 'sip:nobody@example.test', 'sip:+15550100@192.0.2.1;user=phone'])
    test(`takes a request for ${uri} with it, which nobody is here`, () => {
      for (const stateful of [true, false]) {
        const proxy = harness({ policy: { stateful } })
        proxy.receive(request('INVITE', uri, { Route }))
        const out = proxy.take().find((sent) => kindOf(sent) === 'INVITE')
        assert.equal(requestUriOf(out!), uri)
        assert.deepEqual(headers(out!.text, 'Route'), ['<sip:203.0.113.70;lr>'])
        assert.equal(out!.hop.address, '203.0.113.70')
      }
    })

  test('takes the ACK of such a call as well', () => {
    const proxy = harness()
    proxy.receive(request('ACK', 'tel:+15550100', { Route, To: '<tel:+15550100>;tag=x' }))
    assert.deepEqual(kindsOf(proxy.take()), ['ACK'])
  })

  test('is not followed for strangers: relaying is asked for as ever', () => {
    const proxy = harness({ settings: { relay: { exposed: [true], allowed: [], allowsRegistered: false } } })
    proxy.receive(request('INVITE', 'tel:+15550100', { Route }), { ...caller, address: '198.51.100.50' })
    assert.deepEqual(kindsOf(proxy.take()), ['403'])
  })

  test('is missing: a number and a user that nobody is are 404', () => {
    for (const uri of ['tel:+15550100', 'sip:nobody@example.test']) {
      const proxy = harness()
      proxy.receive(request('INVITE', uri, { Route: '<sip:192.0.2.1;lr>' }))
      assert.deepEqual(kindsOf(proxy.take()), ['404'])
    }
  })
})

describe('a user at an address of this machine', () => {
  const listener = {
    transports: ['UDP'],
    address: '0.0.0.0',
    port: 5060,
    sentBy: '192.0.2.1',
    tlsPort: undefined,
  } as const
  const identity = {
    listeners: [listener],
    domains: ['first.test', 'second.test'],
    addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::2'],
    domainsByHost: new Map([
      ['192.0.2.2', 'Second.test'],
      ['2001:DB8:0::2', 'second.test'],
    ]),
  }
  for (const [host, domain] of [
    ['192.0.2.1', 'first.test'],
    ['192.0.2.2', 'second.test'],
    ['[2001:db8::2]', 'second.test'],
  ] as const)
    test(`is one of ${domain} at ${host}`, () => {
      const proxy = harness({ settings: { identity } })
      proxy.receive(request('REGISTER', `sip:${host}`, { To: `<sip:bob@${host}>`, Contact: '<sip:bob@203.0.113.5>' }))
      assert.equal(proxy.store.find(`sip:bob@${domain}`).length, 1)
    })
})

test('a request that comes back with its Request-URI in another spelling is a loop (§16.3 step 4, §19.1.4)', () => {
  const proxy = harness()
  proxy.receive(request('MESSAGE', 'sip:bob@Gateway.example:5060;transport=UDP;maddr=203.0.113.9'))
  const [out] = proxy.take()
  proxy.receive(
    out!.text.replace(/^MESSAGE \S+/, 'MESSAGE sip:%62ob@gateway.example:5060;maddr=203.0.113.9;Transport=udp'),
  )
  assert.deepEqual(kindsOf(proxy.take()), ['482'])
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAddress } from '../../sipd/message/address.ts'
import { parseSipUri } from '../../sipd/message/uri.ts'
import { caller, harness, headers, kindsOf, request, requestUriOf } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5'

describe('forms that phones and carriers send go through as they came, though no grammar has them', () => {
  for (const [what, value] of [
    ['UTF-8 without quotes', 'J\xc3\xbcrgen M\xc3\xbcller <sip:j@example.test>;tag=1'],
    ['doubled quotes', '""Ann"" <sip:ann@example.test>;tag=1'],
    ['quotes within a name', 'Ann "Lee" Ray <sip:ann@example.test>;tag=1'],
    ['parentheses and slashes in a name', 'Sales (1/2) [EU] <sip:ann@example.test>;tag=1'],
    ['a name right before its bracket', '"Ann"<sip:ann@example.test>;tag=1'],
    ['parameters without a value', '<sip:ann@example.test;user=phone>;isup-oli=;tag=1;'],
    ['a host with _', '<sip:ann@pbx_1.example.test>;tag=1'],
    ['a # in the user', '<sip:*31#5550100@example.test>;tag=1'],
  ] as const)
    test(`${what} in From, To, Route-less dialogs and responses`, () => {
      const proxy = harness()
      const To = value.replace(';tag=1', '')
      proxy.receive(request('INVITE', bob, { From: value, To }))
      const [, out] = proxy.take()
      assert.deepEqual([headers(out!.text, 'From'), headers(out!.text, 'To')], [[value], [To]])
      proxy.answer(out!, 180)
      proxy.answer(out!, 486)
      const [, ack, busy] = proxy.take()
      assert.deepEqual(headers(ack!.text, 'From'), [value])
      assert.deepEqual(headers(busy!.text, 'From'), [value])
    })

  test('`rport=` is rport: it is filled in, and the answer goes back where the request came from (RFC 3581)', () => {
    for (const parameters of [';rport=;branch=z9hG4bKr', ';branch=z9hG4bKr;rport=']) {
      const proxy = harness()
      proxy.receive(request('MESSAGE', bob, { Via: `SIP/2.0/UDP 10.0.0.9:5060${parameters}` }), {
        ...caller,
        port: 40_000,
      })
      const [out] = proxy.take()
      assert.match(
        headers(out!.text, 'Via')[1]!,
        /^SIP\/2\.0\/UDP 10\.0\.0\.9:5060;branch=z9hG4bKr;rport=40000;received=198\.51\.100\.1$/,
      )
      proxy.answer(out!, 200)
      assert.equal(proxy.take()[0]!.hop.port, 40_000)
    }
  })

  test('a Via may name a host with _', () => {
    const proxy = harness()
    proxy.receive(request('MESSAGE', bob, { Via: 'SIP/2.0/UDP ata_7:5060;branch=z9hG4bKu' }))
    assert.deepEqual(kindsOf(proxy.take()), ['MESSAGE'])
  })

  test('a request to a host with _ is looked up by that name', async () => {
    const asked: string[] = []
    const proxy = harness({
      lookup: async (name) => {
        asked.push(name)
        return ['203.0.113.9']
      },
    })
    proxy.receive(request('MESSAGE', 'sip:bob@gw_1.elsewhere.example'))
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual([asked, kindsOf(proxy.take())], [['gw_1.elsewhere.example'], ['MESSAGE']])
  })
})

describe('what is made here is of the grammar', () => {
  test('a # of a Request-URI leaves as %23, with the CANCEL and the ACK of the call alike', () => {
    const proxy = harness()
    proxy.receive(request('INVITE', 'sip:001#@203.0.113.5'))
    const [, out] = proxy.take()
    proxy.answer(out!, 180)
    proxy.receive(request('CANCEL', 'sip:001#@203.0.113.5'))
    proxy.answer(out!, 487)
    for (const sent of [out!, ...proxy.take().filter(({ text }) => /^(?:CANCEL|ACK)/.test(text))])
      assert.equal(requestUriOf(sent), 'sip:001%23@203.0.113.5')
  })

  test('a # of a contact leaves as %23, and the registration is listed as the phone wrote it', () => {
    const proxy = harness()
    const Contact = '<sip:*31#@203.0.113.5>'
    proxy.receive(request('REGISTER', 'sip:example.test', { Contact }))
    assert.deepEqual(headers(proxy.take()[0]!.text, 'Contact'), [`${Contact};expires=3600`])
    proxy.receive(request('MESSAGE', 'sip:bob@example.test'))
    assert.equal(requestUriOf(proxy.take()[0]!), 'sip:*31%23@203.0.113.5')
  })

  test('a # of a contact leaves as %23 in a 302', () => {
    const proxy = harness({ policy: { redirect: true } })
    proxy.bind('bob', 'sip:*31#@203.0.113.5')
    proxy.receive(request('INVITE', 'sip:bob@example.test'))
    assert.deepEqual(headers(proxy.take()[0]!.text, 'Contact'), ['<sip:*31%23@203.0.113.5>'])
  })

  test('a user with # is the user with %23', () => {
    for (const uri of ['sip:9#@example.test', 'sip:9%23@example.test']) {
      const proxy = harness()
      proxy.bind('9#', bob)
      proxy.receive(request('MESSAGE', uri))
      assert.deepEqual(kindsOf(proxy.take()), ['MESSAGE'], uri)
    }
  })
})

test('what is ambiguous is refused as before', () => {
  for (const wrong of [
    'Bell, Alexander <sip:ann@example.test>',
    '"open <sip:ann@example.test>',
    'sip:eve@example.test <sip:ann@example.test>',
    'a;b <sip:ann@example.test>',
    '"x" sip:ann@example.test',
    '"x"sip:ann@example.test',
    '< sip:ann@example.test >',
    '<sip:ann@example.test> x',
    '<>',
    '',
  ])
    assert.equal(parseAddress(wrong), undefined, wrong)
  for (const wrong of ['sip:a@-b', 'sip:a@b-', 'sip:a@b..c', 'sip:a@b#c', 'sip:a#', 'sip:#'])
    assert.equal(parseSipUri(wrong), undefined, wrong)
})

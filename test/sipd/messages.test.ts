import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../sipd/message/address.ts'
import { H } from '../../sipd/message/header-names.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { parseRequestUri, parseSipUri } from '../../sipd/message/uri.ts'
import { mutate, randomFrom } from '../support/mutate.ts'

const lines = (...given: string[]): Buffer => Buffer.from([...given, '', ''].join('\r\n'))
const options = lines(
  'OPTIONS sip:proxy.example.com SIP/2.0',
  'v: SIP / 2.0 / UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/TCP [2001:db8::1]:5070',
  'f: "O\\"Hara, J" <sip:j@example.com;user=phone>;tag=1',
  't: sip:proxy.example.com',
  'i: 1@a',
  'CSeq:  7   OPTIONS',
  'Subject: first',
  '\tsecond',
  'm: <sip:a@b;x=1,2>;q=0.5, "x,y" <sip:c@d>',
)

test('compact names, folded lines, comma lists, quotes and blanks are read as the grammar has them', () => {
  const message = parseMessage(options)
  assert.equal(message?.kind, 'request')
  if (message?.kind !== 'request') return
  assert.deepEqual(message.elements(H.via), [
    'SIP / 2.0 / UDP 192.0.2.1;branch=z9hG4bKa',
    'SIP/2.0/TCP [2001:db8::1]:5070',
  ])
  assert.equal(message.valueNamed('Subject'), 'first second')
  assert.deepEqual(message.elements(H.contact), ['<sip:a@b;x=1,2>;q=0.5', '"x,y" <sip:c@d>'])
})

for (const [what, bytes, status] of [
  [
    'without From',
    lines('OPTIONS sip:a SIP/2.0', 'Via: SIP/2.0/UDP h;branch=z9hG4bKa', 'To: sip:a', 'Call-ID: 1', 'CSeq: 1 OPTIONS'),
    400,
  ],
  ['of another version', Buffer.from(options.toString().replace('SIP/2.0\r\n', 'SIP/7.0\r\n')), 505],
  ['whose CSeq names another method', Buffer.from(options.toString().replace('7   OPTIONS', '7 INVITE')), 400],
  ['whose CSeq is too great', Buffer.from(options.toString().replace('7   OPTIONS', '4294967295 OPTIONS')), 400],
  ['with an open quote', Buffer.from(options.toString().replace('J" <', 'J <')), 400],
  [
    'shorter than its Content-Length',
    Buffer.from(options.toString().replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nabc')),
    400,
  ],
  [
    'with a negative Content-Length',
    Buffer.from(options.toString().replace('\r\n\r\n', '\r\nContent-Length: -1\r\n\r\n')),
    400,
  ],
] as const) {
  test(`a request ${what} is malformed, with a status for the answer`, () => {
    const message = parseMessage(bytes)
    assert.equal(message?.kind, 'malformed')
    assert.equal(message?.kind === 'malformed' && message.status, status)
  })
}

test('a header called __proto__ is a header like others', () => {
  const message = parseMessage(Buffer.from(options.toString().replace('Subject:', '__proto__:')))
  assert.equal(message?.kind, 'request')
  assert.equal(message?.kind === 'request' && message.valueNamed('__proto__'), 'first second')
  assert.equal(({} as Record<string, unknown>).first, undefined)
})

test('SIP URIs are read with user, IPv6 host, port and parameters; tel URIs as numbers', () => {
  const uri = parseSipUri('SIPS:%61lice:pw@[2001:DB8::1]:5071;transport=tcp;lr?subject=x')!
  assert.deepEqual(
    { ...uri, parameters: [...uri.parameters] },
    {
      scheme: 'sips',
      user: 'alice',
      host: '2001:db8::1',
      port: 5071,
      parameters: [
        ['transport', 'tcp'],
        ['lr', ''],
      ],
    },
  )
  assert.equal(parseRequestUri('tel:+1-201-555-0123;phone-context=x')?.user, '+12015550123')
  for (const wrong of [
    'sip:',
    'sip:@host',
    'sip:a@',
    'tel:+1',
    'sip:a@ho st',
    'sip:a@h:99999',
    'sip:a@[::g]',
    'sip:%zz@h',
    'sip:a@h:',
  ]) {
    assert.equal(parseSipUri(wrong), undefined, wrong)
  }
})

test('addresses keep the parameters of the header apart from those of the URI', () => {
  assert.deepEqual(parseAddress('"A <b>" <sip:a@b;x=1>;expires=5;q=0.1')?.uri, 'sip:a@b;x=1')
  assert.equal(parseAddress('sip:a@b;expires=5')?.parameters.get('expires'), '5')
  for (const wrong of ['"open <sip:a@b>', '<sip:a@b', '', '"x" sip:a@b', '<sip:a@b>x'])
    assert.equal(parseAddress(wrong), undefined, wrong)
})

test('20,000 mutated requests are read or refused, and never throw', () => {
  const random = randomFrom(7)
  for (let i = 0; i < 20_000; i++) parseMessage(Buffer.from(mutate(options, random)))
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseConfig } from '../../sipd/config/parse.ts'
import { parseRequestUri } from '../../sipd/message/uri.ts'
import { NumberExpansion } from '../../sipd/numbers/expansion.ts'
import { type Interpretation, NumberPlan } from '../../sipd/numbers/number-plan.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { identityOf } from '../../sipd/worker/settings.ts'

/** The plan of the manual. */
const global = [
  { plan: 'Global', pattern: '2...', expanded: '+1919392...' },
  { plan: 'Global', pattern: '7...', expanded: '+1408527...' },
  { plan: 'Global', pattern: '8...', expanded: '5555...' },
]
const characters = '+0123456789.-()'

function uriOf(text: string) {
  const uri = parseRequestUri(text)
  assert.ok(uri, text)
  return uri
}

function identityWith(interpretation: Interpretation = 'E164_IP', rules = global): Identity {
  return new Identity({
    listeners: [{ transports: ['UDP'], address: '192.0.2.1', port: 5060, sentBy: 'machine.local', tlsPort: undefined }],
    domains: ['cisco.com', 'a.com', 'b.com'],
    addresses: ['192.0.2.1', '192.0.2.2'],
    domainsByHost: new Map([
      ['sip.cisco.com', 'cisco.com'],
      ['usa.a.com', 'a.com'],
      ['192.0.2.2', 'b.com'],
    ]),
    numbers: { interpretation, characters, rules },
  })
}

describe('number expansion', () => {
  for (const [number, expanded] of [
    ['2001', '+1919392001'],
    ['7999', '+1408527999'],
    ['8123', '5555123'],
    ['3000', '3000'],
    ['20012', '20012'],
    ['201', '201'],
    ['2a01', '2a01'],
  ] as const)
    test(`${number} becomes ${expanded} by the plan of the manual`, () => {
      assert.equal(new NumberExpansion(global).expand(number), expanded)
    })

  test('a number may be stripped to what the last dots matched', () => {
    const strip = new NumberExpansion([{ plan: 'p', pattern: '+1888555....', expanded: '....' }])
    assert.equal(strip.expand('+18885554321'), '4321')
  })

  test('the pattern with the most digits wins, and the result is not expanded again', () => {
    const plan = new NumberExpansion([
      { plan: 'p', pattern: '2...', expanded: '3...' },
      { plan: 'p', pattern: '21..', expanded: '99..' },
      { plan: 'p', pattern: '3...', expanded: '4...' },
    ])
    assert.deepEqual([plan.expand('2101'), plan.expand('2001')], ['9901', '3001'])
  })
})

describe('a user of a Request-URI', () => {
  const numbers = new NumberPlan({ interpretation: 'E164_IP', characters, rules: global })
  const read = (uri: string, by = numbers): string[] =>
    by.readingsOf(uriOf(uri)).map(({ kind, user }) => `${kind} ${user}`)

  test('is a telephone number where all its characters are of NumericUsernameCharacterSet', () => {
    assert.deepEqual(read('sip:bob@a.com'), ['name bob'])
    assert.deepEqual(read('sip:4085550122@a.com'), ['number 4085550122'])
    assert.deepEqual(read('sip:+@a.com'), ['name +'])
  })

  test('loses its visual separators before it is looked up', () => {
    assert.deepEqual(read('sip:+1-(408)-555.0122@a.com'), ['number +14085550122', 'name +1-(408)-555.0122'])
    assert.deepEqual(read('tel:+1-408-555-0122'), ['number +14085550122'])
  })

  test('is read in the order that NumericUsernameInterpretation names', () => {
    const expected = {
      IP_164: ['name 2001', 'number +1919392001'],
      E164_IP: ['number +1919392001', 'name 2001'],
      IP: ['name 2001'],
      E164: ['number +1919392001'],
    } as const
    for (const interpretation of ['IP_164', 'E164_IP', 'IP', 'E164'] as const) {
      const plan = new NumberPlan({ interpretation, characters, rules: global })
      assert.deepEqual(read('sip:2001@a.com', plan), expected[interpretation])
    }
  })

  test('says itself what it is where it has ;user=', () => {
    assert.deepEqual(read('sip:2001@a.com;user=ip'), ['name 2001'])
    assert.deepEqual(
      read('sip:2001@a.com;user=phone', new NumberPlan({ interpretation: 'IP', characters, rules: global })),
      ['number +1919392001'],
    )
    assert.deepEqual(read('sip:mary-ann@a.com;user=phone'), ['name mary-ann'])
  })
})

describe('an address-of-record', () => {
  const identity = identityWith()

  for (const [uri, addressOfRecord] of [
    ['sip:2000@cisco.com', 'sip:+1919392000@cisco.com'],
    ['sip:4000@a.com', 'sip:4000@a.com'],
    ['sip:4000@b.com', 'sip:4000@b.com'],
    ['sip:+14085558000@a.com', 'sip:+14085558000@cisco.com'],
    ['sip:+14085558000@b.com', 'sip:+14085558000@cisco.com'],
    ['sip:ann@sip.cisco.com', 'sip:ann@cisco.com'],
    ['sip:ann@usa.a.com', 'sip:ann@a.com'],
    ['sip:ann@192.0.2.2', 'sip:ann@b.com'],
    ['sip:ann@192.0.2.1', 'sip:ann@cisco.com'],
    ['sip:ann@machine.local', 'sip:ann@cisco.com'],
    ['tel:+1-408-555-8000', 'sip:+14085558000@cisco.com'],
  ] as const)
    test(`of ${uri} is ${addressOfRecord}`, () => {
      assert.equal(identity.addressOfRecord(uriOf(uri)), addressOfRecord)
      assert.ok(identity.isOurs(uriOf(uri)))
    })

  test('that was kept under a name of this server is called as it is now, and an other one stays', () => {
    assert.equal(identity.renamed('sip:ann@sip.cisco.com'), 'sip:ann@cisco.com')
    assert.equal(identity.renamed('sip:+14085558000@a.com'), 'sip:+14085558000@cisco.com')
    // Expanded once, when it registered: what the file has is not expanded again.
    for (const kept of ['sip:2000@a.com', 'sip:ann@elsewhere.example', 'sip:@', 'sip:ann@cisco.com'])
      assert.equal(identity.renamed(kept), kept)
  })
})

test('ServerName, and the names and addresses of virtual hosts, lead to their domains', () => {
  const parsed = parseConfig(
    `Listen 127.0.0.1:5060
ProxyDomain cisco.com
ServerName sip.cisco.com
<VirtualProxyHost one>
  Virtual_Proxy_Domain a.com
  Virtual_Proxy_Server_Name usa.a.com
  Virtual_Proxy_Server_IP 192.0.2.9
</VirtualProxyHost>
<NumberPlan Global>
  NumExp 2... +1919392...
</NumberPlan>
`,
    'sipd.conf',
  )
  assert.ok('config' in parsed)
  const identity = new Identity(identityOf(parsed.config))
  for (const [host, domain] of [
    ['sip.cisco.com', 'cisco.com'],
    ['127.0.0.1', 'cisco.com'],
    ['usa.a.com', 'a.com'],
    ['192.0.2.9', 'a.com'],
    ['a.com', 'a.com'],
  ] as const) {
    assert.ok(identity.isOurs(uriOf(`sip:ann@${host}`)), host)
    assert.equal(identity.addressOfRecord(uriOf(`sip:ann@${host}`)), `sip:ann@${domain}`)
    assert.equal(identity.addressOfRecord(uriOf(`sip:2001@${host}`)), 'sip:+1919392001@cisco.com')
  }
})

import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import { formatFlow, parseFlow } from '../../sipd/message/flow.ts'
import type { Hop } from '../../sipd/message/hop.ts'
import { caller, type Harness, harness, kindsOf, request } from './proxy-support.ts'

const bob = 'sip:bob@203.0.113.5'
/** What no field of SIP has as its number, and what is at the edges of many. */
const numbers = [
  ...['', '0', '1', '-1', '+1', '1.5', '1e3', '0x10', '070', ' 5', '5 5', 'x', '\xb2'],
  ...['254', '255', '256', '999', '5060', '65535', '65536', '70000', '99999'],
  ...['2147483647', '2147483648', '4294967295', '4294967296', '9007199254740993', '9'.repeat(40)],
] as const

interface Field {
  readonly name: string
  /** A message with the number in its place. */
  readonly text: (number: string) => string
  /** The numbers that are taken; all others are refused with 400, or what a field's own rule says. */
  readonly isTaken: (number: string) => boolean
  readonly refused?: (number: string) => number
}

const isBelow = (least: number, most: number) => (text: string) =>
  /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most
/** At most five digits, as the grammar has it. */
const isPort = (text: string) => isBelow(1, 65_535)(text) && text.length <= 5
const via = (rest: string) => ({ Via: `SIP/2.0/UDP 198.51.100.1${rest}` })
const anything = () => true

const fields: readonly Field[] = [
  {
    name: 'port of Via',
    text: (n) => request('MESSAGE', bob, via(`:${n};branch=z9hG4bKa`)),
    isTaken: (n) => isPort(n.trim()),
  },
  {
    name: 'rport of Via',
    text: (n) => request('MESSAGE', bob, via(`;branch=z9hG4bKa;rport=${n}`)),
    isTaken: (n) => n === '' || isPort(n.trim()),
  },
  {
    name: 'ttl of Via',
    text: (n) => request('MESSAGE', bob, via(`;branch=z9hG4bKa;ttl=${n}`)),
    isTaken: (n) => isBelow(0, 255)(n.trim()) && n.trim().length <= 3,
  },
  { name: 'port of the Request-URI', text: (n) => request('MESSAGE', `${bob}:${n}`), isTaken: isPort },
  {
    name: 'ttl of the Request-URI',
    text: (n) => request('MESSAGE', `${bob};ttl=${n}`),
    isTaken: (n) => n === '' || (isBelow(0, 255)(n) && n.length <= 3),
  },
  {
    name: 'port of a Route',
    text: (n) => request('MESSAGE', bob, { Route: `<sip:203.0.113.9:${n};lr>` }),
    isTaken: isPort,
  },
  {
    name: 'Content-Length',
    text: (n) => request('MESSAGE', bob, { 'Content-Length': `\u00a0${n}`.slice(1) || ' ' }, 'x'.repeat(300)),
    isTaken: (n) => isBelow(0, 300)(n.trim()),
  },
  {
    name: 'Max-Forwards',
    text: (n) => request('MESSAGE', bob, { 'Max-Forwards': n || ' ' }),
    isTaken: (n) => isBelow(1, 255)(n.trim()),
    refused: (n) => (n === '0' ? 483 : 400),
  },
  {
    name: 'number of CSeq',
    text: (n) => request('MESSAGE', bob, { CSeq: `${n} MESSAGE` }),
    isTaken: (n) => isBelow(0, 2 ** 31 - 1)(n.trim()),
  },
  { name: 'Expires of an INVITE', text: (n) => request('INVITE', bob, { Expires: n || ' ' }), isTaken: anything },
  { name: 'Session-Expires', text: (n) => request('INVITE', bob, { 'Session-Expires': n || ' ' }), isTaken: anything },
  { name: 'Timestamp', text: (n) => request('MESSAGE', bob, { Timestamp: n || ' ' }), isTaken: anything },
  { name: 'port of a Contact', text: (n) => registration(`<sip:bob@203.0.113.5:${n}>`), isTaken: isPort },
  {
    name: 'q of a Contact',
    text: (n) => registration(`<sip:bob@203.0.113.5>;q=${n}`),
    isTaken: (n) => /^\s*[01]\s*$/.test(n),
  },
  // RFC 3261 §10.2.1.1: what is no number counts as the default. 423 below RegistrarMinExpires.
  {
    name: 'Expires of a REGISTER',
    text: (n) => registration('<sip:bob@203.0.113.5>', { Expires: n || ' ' }),
    isTaken: (n) => !isBelow(1, 59)(n.trim()),
    refused: () => 423,
  },
  {
    name: 'port of a Path',
    text: (n) => registration('<sip:bob@h>', { Path: `<sip:203.0.113.9:${n};lr>` }),
    isTaken: anything,
  },
]

function registration(contact: string, headers: Readonly<Record<string, string>> = {}): string {
  return request('REGISTER', 'sip:example.test', { Contact: contact, To: '<sip:bob@example.test>', ...headers })
}

/** What a socket of Node would throw at, wherever it came from. */
function assertSendable({ transport, address, port, listener }: Hop): void {
  assert.ok(isIP(address) !== 0, `${transport} to the address ${address}`)
  assert.ok(Number.isInteger(port) && port >= 1 && port <= 65_535, `${transport} to port ${port}`)
  assert.ok(listener >= 0)
}

function refusalOf(proxy: Harness): number | undefined {
  const sent = proxy.take()
  for (const { hop } of sent) assertSendable(hop)
  const status = kindsOf(sent).find((kind) => /^[4-6]/.test(kind))
  return status === undefined ? undefined : Number(status)
}

function bugsOf({ logged }: Harness): string[] {
  return logged.filter((line) => line.includes(' bug '))
}

describe('a number from outside is taken within its bounds, and reaches no socket beyond them', () => {
  for (const { name, text, isTaken, refused = () => 400 } of fields)
    for (const stateful of [true, false])
      test(`${name}, ${stateful ? 'with' : 'without'} state`, () => {
        for (const number of numbers) {
          const proxy = harness({ policy: { stateful } })
          proxy.receive(text(number))
          assert.equal(refusalOf(proxy), isTaken(number) ? undefined : refused(number), JSON.stringify(number))
          // Calls to what was registered go where it can be reached, or nowhere.
          proxy.receive(request('MESSAGE', 'sip:bob@example.test', via(';branch=z9hG4bKcall')))
          refusalOf(proxy)
          assert.deepEqual(bugsOf(proxy), [])
        }
      })

  for (const field of ['port', 'rport'] as const)
    test(`the ${field} of the Via that a stateless proxy returns a response by`, () => {
      for (const number of numbers) {
        const proxy = harness({ policy: { stateful: false } })
        const where = field === 'port' ? `:${number};branch=z9hG4bKb` : `;branch=z9hG4bKb;rport=${number}`
        proxy.receive(
          `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKc.x.y\r\nVia: SIP/2.0/UDP 198.51.100.9${where}\r\n` +
            'From: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: call-1\r\nCSeq: 1 MESSAGE\r\n\r\n',
          { ...caller, address: '203.0.113.5' },
        )
        refusalOf(proxy)
        assert.deepEqual(bugsOf(proxy), [])
      }
    })

  test('the port and the listener of a flow that a registration was kept with', () => {
    const flow = formatFlow(caller)
    assert.deepEqual(parseFlow(flow), caller)
    for (const number of numbers) {
      assert.equal(parseFlow(`UDP/198.51.100.1/${number}/0/`) !== undefined, isPort(number), `port ${number}`)
      const isListener = /^\d{1,4}$/.test(number)
      assert.equal(parseFlow(`UDP/198.51.100.1/5060/${number}/`) !== undefined, isListener, `listener ${number}`)
    }
  })
})

describe('a host from outside is one', () => {
  const hosts = [
    '',
    '198.51.100.1',
    '[2001:db8::1]',
    '2001:db8::1',
    'a.example',
    '-a',
    'a..b',
    '[::g]',
    '1.2.3.4.5:',
    'x'.repeat(256),
  ]
  const isAddress = (text: string) => isIP(text.replace(/^\[|\]$/g, '')) !== 0

  test('maddr and received of a Via', () => {
    for (const host of hosts) {
      const answer = (parameter: string): number | undefined => {
        const proxy = harness()
        proxy.receive(request('MESSAGE', bob, via(`;branch=z9hG4bKa;${parameter}=${host}`)))
        return refusalOf(proxy)
      }
      assert.equal(answer('received'), isAddress(host) ? undefined : 400, `received=${host}`)
      assert.equal(answer('maddr'), isAddress(host) || host === 'a.example' ? undefined : 400, `maddr=${host}`)
    }
  })

  test('maddr of a URI', () => {
    for (const host of hosts) {
      const proxy = harness()
      proxy.receive(request('MESSAGE', `${bob};maddr=${host}`))
      const isGood = host === '' || isAddress(host) || host === 'a.example'
      assert.equal(refusalOf(proxy) === 400, !isGood, `maddr=${host}`)
    }
  })
})

test('a branch of more than 256 octets is refused: it would be hashed with each message', () => {
  for (const [length, status] of [
    [256, undefined],
    [257, 400],
  ] as const) {
    const proxy = harness()
    proxy.receive(request('MESSAGE', bob, via(`;branch=${'z9hG4bK'.padEnd(length, 'a')}`)))
    assert.equal(refusalOf(proxy), status, `${length} octets`)
  }
})

/** ENUM, RFC 6116: numbers to names, NAPTR records to URIs, and expressions that somebody else wrote. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../lib/time/clock.ts'
import type { NaptrRecord } from '../../sipd/dns/message.ts'
import { Enum, enumNumberOf } from '../../sipd/enum/enum.ts'
import { ExpressionError, matchExpression } from '../../sipd/enum/regular-expression.ts'
import { rewriteNumber } from '../../sipd/enum/rewrite.ts'
import { noDebug } from '../../sipd/log/error-log.ts'
import { addressesBy } from '../support/sip-server.ts'
import { caller, harness, kindsOf, request, requestUriOf } from './proxy-support.ts'

const naptr = (regexp: string, more: Partial<NaptrRecord> = {}): NaptrRecord => ({
  ...{ order: 100, preference: 10, flags: 'u', services: 'E2U+sip', regexp, replacement: '' },
  ...more,
})

describe('the records of a number', () => {
  const number = '+442079460148'
  const urisOf = (...records: NaptrRecord[]): readonly string[] => rewriteNumber(number, records).uris

  test('make a URI by their substitution', () => {
    for (const [regexp, uri] of [
      ['!^.*$!sip:info@example.com!', 'sip:info@example.com'],
      ['!^\\+44(.*)$!sip:\\1@uk.example.com!', 'sip:2079460148@uk.example.com'],
      ['/^\\+(44)([0-9]{2})(.+)$/sip:\\3\\2@\\1.example/i', 'sip:7946014820@44.example'],
      ['!^(\\+441|\\+442)(.*)$!sips:\\2@example.com;x=\\1!', 'sips:079460148@example.com;x=+442'],
      ['!^.*$!sip:a\\!b@example.com!', 'sip:a!b@example.com'],
      ['!^.*$!SIP:info@EXAMPLE.com!', 'SIP:info@EXAMPLE.com'],
    ] as const)
      assert.deepEqual(urisOf(naptr(regexp)), [uri], regexp)
  })

  test('are tried by order, then preference', () => {
    const uri = (host: string): string => `!^.*$!sip:x@${host}!`
    assert.deepEqual(
      urisOf(
        naptr(uri('c'), { order: 20, preference: 1 }),
        naptr(uri('b'), { order: 10, preference: 2 }),
        naptr(uri('a'), { order: 10, preference: 1 }),
      ),
      ['sip:x@a', 'sip:x@b', 'sip:x@c'],
    )
  })

  test('count only where they are for SIP and end in a URI', () => {
    const regexp = '!^.*$!sip:x@example.com!'
    for (const more of [
      { services: 'E2U+email:mailto' },
      { services: 'SIP+D2U' },
      { services: 'E2U+voice:tel' },
      { flags: '' },
      { flags: 's' },
    ])
      assert.deepEqual(urisOf(naptr(regexp, more)), [], JSON.stringify(more))
    for (const services of ['e2u+SIP', 'E2U+pres+sip', 'E2U+sip:x'])
      assert.deepEqual(urisOf(naptr(regexp, { services })), ['sip:x@example.com'])
  })

  test('that are wrong are passed over, and what is wrong is told', () => {
    const wrong = [
      ['!^.*$!tel:+1!', 'it makes no SIP URI'],
      ['!^\\+1.*$!sip:x@y!', 'it does not match +442079460148'],
      ['!^(.*$!sip:x@y!', 'a ( has no )'],
      ['!^.*$!sip:\\1@y!', 'it has no group 1'],
      ['!^.*$!sip:x@y', 'it has not two parts between three delimiters'],
      ['!^.*$!sip:x@y!g', 'its flag g is unknown'],
      ['', 'it does not begin with a delimiter'],
      [`!^${'(.*)*'.repeat(12)}x$!sip:x@y!`, 'it takes too many steps'],
      [`!^${'.*'.repeat(60)}x$!sip:x@y!`, 'it takes too many steps'],
    ] as const
    const { uris, ignored } = rewriteNumber(number, [
      ...wrong.map(([regexp]) => naptr(regexp)),
      naptr('!.*!sip:good@y!', { order: 999 }),
    ])
    assert.deepEqual(uris, ['sip:good@y'])
    assert.deepEqual(
      ignored,
      wrong.map(([regexp, why]) => `${regexp}: ${why}`),
    )
  })
})

describe('an extended regular expression', () => {
  const groupsOf = (expression: string, text: string, ignoresCase = false) =>
    matchExpression(expression, text, ignoresCase)?.groups

  test('matches as POSIX has it', () => {
    for (const [expression, text, groups] of [
      ['b+', 'abbc', ['bb']],
      ['^(a|b)*$', 'abba', ['abba', 'a']],
      ['(a)|(b)', 'b', ['b', undefined, 'b']],
      ['[^0-9]', '12x', ['x']],
      ['[]x]+', 'a]x', [']x']],
      ['[a-]+', 'b-a', ['-a']],
      ['[[:digit:]]{2,3}', 'a1234', ['123']],
      ['a{2}', 'aaa', ['aa']],
      ['a{2,}', 'aaaa', ['aaaa']],
      ['(x?)*y', 'xxy', ['xxy', 'x']],
      ['\\+\\.', '+.', ['+.']],
      ['', 'abc', ['']],
      ['^$', 'a', undefined],
    ] as const)
      assert.deepEqual(groupsOf(expression, text), groups, expression)
    assert.deepEqual(groupsOf('[a-c]+X', 'ABCx', true), ['ABCx'])
  })

  test('that is none is refused', () => {
    for (const expression of ['(', ')', '*a', 'a{', 'a{3,2}', 'a{999}', '[a', '\\', '('.repeat(40), 'x'.repeat(256)])
      assert.throws(() => groupsOf(expression, 'a'), ExpressionError, expression)
  })

  test('matches what the one of JavaScript does', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a)', '(b|a)', '(ab)')
    const part = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{1,2}')).map((words) => words.join(''))
    const expression = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
    const text = fc.stringMatching(/^[abc]{0,8}$/)
    fc.assert(
      fc.property(expression, text, (wanted, of) => {
        assert.deepEqual(groupsOf(wanted, of) ?? null, new RegExp(wanted).exec(of)?.slice() ?? null)
      }),
    )
  })
})

describe('numbers', () => {
  const askedFor = async (number: string, ofPrivatePlan?: string): Promise<string[]> => {
    const asked: string[] = []
    const naptr = async (name: string) => {
      asked.push(name)
      return { records: [], ttlSeconds: 60 }
    }
    const domains = { ofPrivatePlan, ofGlobalPlan: 'e164.arpa' }
    const of = new Enum({ clock: new ManualClock(), names: { naptr }, domains, debug: noDebug.Enum })
    await of.urisOf(number, caller)
    await of.urisOf(number, caller)
    return asked
  }

  test('that begin with + are in the global domain, others in the private one, or in the global one when there is none', async () => {
    assert.deepEqual(await askedFor('+4420', 'plan.example'), ['0.2.4.4.e164.arpa'])
    assert.deepEqual(await askedFor('4420', 'plan.example'), ['0.2.4.4.plan.example'])
    assert.deepEqual(await askedFor('4420'), ['0.2.4.4.e164.arpa'])
  })

  test('are users of digits; visual separators do not count', () => {
    for (const [user, number] of [
      ['+1(408)555-01.00', '+14085550100'],
      ['2000', '2000'],
      ['bob', undefined],
      ['*69', undefined],
      ['+', undefined],
      ['1'.repeat(21), undefined],
    ] as const)
      assert.equal(enumNumberOf({ user }), number)
  })
})

describe('a proxy with ENUM', () => {
  const settings = { enumDomains: { ofPrivatePlan: undefined, ofGlobalPlan: 'e164.arpa' } }
  const none = addressesBy(async () => ['203.0.113.7'])
  const names = {
    ...none,
    naptr: async (name: string) => ({
      records: name.endsWith('e164.arpa')
        ? [naptr('!^.*$!sip:far@peer.example:5060!'), naptr('!^.*$!sip:bob@example.test!', { order: 200 })]
        : [],
      ttlSeconds: 60,
    }),
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('asks for numbers of ours that nobody registered, and tries the URIs one after the other', async () => {
    const proxy = harness({ settings, names })
    proxy.bind('bob', 'sip:bob@203.0.113.20:5060')
    proxy.receive(request('MESSAGE', 'sip:+15550100@example.test'))
    await settled()
    const [first] = proxy.take()
    assert.ok(first)
    assert.deepEqual([requestUriOf(first), first.hop.address], ['sip:far@peer.example:5060', '203.0.113.7'])
    proxy.answer(first, 404)
    const [second] = proxy.take()
    assert.ok(second)
    assert.equal(second.hop.address, '203.0.113.20', 'a user of ours is where it registered')
  })

  test('does not ask for who is registered, nor for names', async () => {
    let asked = 0
    const counting = { ...names, naptr: async () => ({ records: [], ttlSeconds: ++asked }) }
    const proxy = harness({ settings, names: counting })
    proxy.bind('+15550100', 'sip:x@203.0.113.20:5060')
    proxy.receive(request('MESSAGE', 'sip:+15550100@example.test'))
    proxy.receive(
      request('MESSAGE', 'sip:nobody@example.test', {
        'Call-ID': 'other',
        Via: 'SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKother',
      }),
    )
    assert.deepEqual(kindsOf(proxy.take()), ['MESSAGE', '404'], 'and neither waits')
    assert.equal(asked, 0)
  })

  test('asks nobody for a stranger, who may not leave for other domains', async () => {
    let asked = 0
    const counting = { ...names, naptr: async () => ({ records: [], ttlSeconds: ++asked }) }
    const relay = { exposed: [true], allowed: [], allowsRegistered: false }
    const proxy = harness({ settings: { ...settings, relay }, names: counting })
    proxy.receive(request('MESSAGE', 'sip:+15550100@example.test'))
    assert.deepEqual(kindsOf(proxy.take()), ['404'])
    assert.equal(asked, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { weightedOrder } from '../../lib/net/weighted-order.ts'
import { parseDomainPattern, parsePattern, whyNot } from '../../sipd/routes/pattern.ts'
import { randomOf } from '../../sipd/routes/random-of.ts'
import { type Route, readRoute } from '../../sipd/routes/route.ts'
import { RouteTable } from '../../sipd/routes/route-table.ts'

function route(pattern: string, nextHop = 'gw.example', more: Partial<Route> = {}): Route {
  const type = more.type ?? 'phone'
  const read = readRoute({ destination_pattern: pattern, next_hop: nextHop, type })
  assert.ok('route' in read, pattern)
  return { ...read.route, ...more }
}

function patternsFor(number: string, patterns: readonly string[]): string[] {
  return new RouteTable(patterns.map((pattern) => route(pattern))).ofNumber(number).map(({ pattern }) => pattern)
}

describe('a pattern', () => {
  for (const [pattern, matches, others] of [
    ['9*', ['911', '914085551212', '90'], ['9', '811', '9a']],
    ['9..', ['911'], ['9111', '91', '9a1']],
    ['\\*69', ['*69'], ['169', '*6']],
    ['+1408......', ['+1408555123'], ['+14085551234', '1408555123']],
    ['*', ['0', '12345'], ['', '+1']],
  ] as const)
    test(`${pattern} matches ${matches.join(' and ')}, not ${others.join(' or ')}`, () => {
      for (const number of matches) assert.deepEqual(patternsFor(number, [pattern]), [pattern])
      for (const number of others) assert.deepEqual(patternsFor(number, [pattern]), [])
    })

  for (const [text, expected] of [
    ['', /a pattern of digits/],
    ['9*1', /as the last character only/],
    ['\\9', /\\\* for a star/],
    ['(408)', /removed from a number/],
    ['21091878[1-8]', /no \[ \]/],
    ['1'.repeat(65), /at most 64/],
  ] as const)
    test(`${text.slice(0, 20) || 'nothing'} is none`, () => {
      const read = parsePattern(text)
      assert.ok('expected' in read)
      assert.match(read.expected, expected)
    })

  test('of a domain is read in every form that is in use, and an address is none', () => {
    for (const text of ['ibm.com', '.com.ibm.*', '.com.ibm', '*.ibm.com', 'IBM.com.'])
      assert.equal(parseDomainPattern(text), 'ibm.com', text)
    for (const text of ['', '10.0.0.1', 'a..b', 'a b']) assert.equal(parseDomainPattern(text), undefined, text)
  })
})

describe('a look-up', () => {
  test('gives the longest match first, then those that are less specific', () => {
    const patterns = ['*', '1*', '1408*', '1408.......', '1408555....', '14085551212', '9*']
    assert.deepEqual(patternsFor('14085551212', patterns), [
      '14085551212',
      '1408555....',
      '1408.......',
      '1408*',
      '1*',
      '*',
    ])
  })

  test('of a domain gives the longest suffix first, and an address is in none', () => {
    const table = new RouteTable(
      ['com', 'ibm.com', 'us.ibm.com', '*'].map((domain) =>
        route(domain, 'isp.example', { type: 'ip', pattern: domain }),
      ),
    )
    const found = (host: string): string[] => table.ofDomain(host).map(({ pattern }) => pattern)
    assert.deepEqual(found('a.us.IBM.com.'), ['us.ibm.com', 'ibm.com', 'com', '*'])
    assert.deepEqual(found('notibm.com'), ['com', '*'])
    assert.deepEqual(found('192.0.2.7'), [])
    assert.deepEqual(found('2001:db8::7'), [])
  })

  test('finds what a naive matcher finds, in the same order of digits written out', () => {
    const digit = fc.constantFrom('1', '2', '3')
    const pattern = fc
      .tuple(fc.array(fc.oneof(digit, fc.constantFrom('.', '+', '\\*')), { maxLength: 6 }), fc.boolean())
      .map(([parts, isOpen]) => parts.join('') + (isOpen ? '*' : ''))
      .filter((text) => text !== '')
    const number = fc
      .array(fc.oneof(digit, fc.constantFrom('+', '*')), { minLength: 1, maxLength: 8 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 40 }), number, (patterns, dialled) => {
        const found = patternsFor(dialled, patterns)
        assert.deepEqual(found.toSorted(), patterns.filter((text) => naive(text).test(dialled)).toSorted())
        const digits = found.map((text) => text.replace(/\\\*/g, 's').replace(/[.*]/g, '').length)
        assert.deepEqual(
          digits,
          digits.toSorted((one, other) => other - one),
        )
        for (const text of patterns) {
          const read = parsePattern(text)
          assert.ok(!('expected' in read))
          assert.equal(whyNot(read, dialled) === undefined, found.includes(text))
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** The pattern as a regular expression. */
function naive(pattern: string): RegExp {
  const source = pattern.replace(
    /\\\*|[.*+]/g,
    (part) => ({ '\\*': '\\*', '.': '\\d', '*': '\\d+', '+': '\\+' })[part] ?? part,
  )
  return new RegExp(`^${source}$`)
}

describe('routes of one pattern (RFC 2782)', () => {
  const routes = [
    route('1', 'third', { priority: 20 }),
    route('1', 'light', { priority: 10, weight: 25 }),
    route('1', 'heavy', { priority: 10, weight: 75 }),
  ]

  test('are tried by priority, and by weight within one', () => {
    const firsts = Array.from({ length: 10_000 }, (_, i) =>
      weightedOrder(routes, randomOf(`${i}@198.51.100.1`)).map(({ nextHop }) => nextHop),
    )
    assert.ok(firsts.every((order) => order.length === 3 && order[2] === 'third'))
    const heavy = firsts.filter(([first]) => first === 'heavy').length / firsts.length
    assert.ok(Math.abs(heavy - 0.75) <= 0.02, `${heavy}`)
  })

  test('are tried in the same order for the same call', () => {
    for (const callId of ['a', 'b', 'c'])
      assert.deepEqual(weightedOrder(routes, randomOf(callId)), weightedOrder(routes, randomOf(callId)))
  })
})

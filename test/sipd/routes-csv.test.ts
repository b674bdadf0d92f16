import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { columns, type Route } from '../../sipd/routes/route.ts'
import { formatRoutesCsv, readRoutesCsv } from '../../sipd/routes/routes-csv.ts'

const header = 'destination_pattern,next_hop,next_hop_port,label'

function mistakesOf(text: string): string[] {
  const { routes, mistakes } = readRoutesCsv(text)
  assert.ok(mistakes.length > 0 || routes.length > 0)
  return mistakes.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

describe('routes in comma-separated values', () => {
  test('are read with their columns in any order, and what is missing has its default', () => {
    const { routes, mistakes } = readRoutesCsv(
      'next_hop,destination_pattern,label\r\ngw1.example,+1408......,"San Jose, ""main"""\r\n\r\n',
    )
    assert.deepEqual(mistakes, [])
    assert.deepEqual(routes, [
      {
        type: 'phone',
        pattern: '+1408......',
        nextHop: 'gw1.example',
        nextHopPort: 0,
        transport: undefined,
        priority: 0,
        weight: 0,
        techPrefixAction: 'Include',
        allowsLessSpecific: true,
        isBlocked: false,
        isInService: true,
        label: 'San Jose, "main"',
      } satisfies Route,
    ])
  })

  test('that are written are read as the same routes', () => {
    const line = '.com.ibm.*,ip,2001:db8::7,5061,TLS,10,20,Strip,Off,Off,Off,"a ""b"", c"'
    const { routes } = readRoutesCsv(`${columns.join(',')}\n${line}\n1900*,phone,,,,,,,,On,,\n`)
    assert.deepEqual(
      routes.map(({ pattern, isBlocked }) => [pattern, isBlocked]),
      [
        ['ibm.com', false],
        ['1900*', true],
      ],
    )
    assert.deepEqual(readRoutesCsv(formatRoutesCsv(routes)).routes, routes)
  })

  for (const [name, text, mistakes] of [
    ['an empty file', '', [/^1:1: expected a header line: destination_pattern,type/]],
    [
      'a header without a column that has to be there',
      'destination_pattern,label\n1,a\n',
      [/^1:1: the header has no column next_hop$/],
    ],
    [
      'an unknown column',
      'destination_pattern,nexthop,next_hop\n',
      [/^1:21: unknown column "nexthop"; the columns are/],
    ],
    ['a column that stands twice', `${header},label\n`, [/the column label stands twice/]],
    ['too few values', `${header}\n1,gw,5060\n`, [/^2:6: expected 4 values as in the header, got 3$/]],
    ['too many values', `${header}\n1,gw,5060,a,b\n`, [/got 5$/]],
    [
      'a quote that is not closed',
      `${header}\n1,gw,5060,"a\n`,
      [/^2:11: the quoted value that begins here has no closing quote$/],
    ],
    [
      'letters for a number',
      `${header}\n1,gw,sip,a\n`,
      [/^2:6: next_hop_port: expected a whole number from 0 to 65535, got "sip"$/],
    ],
    [
      'a number out of range',
      `${header}\n1,gw,65536,a\n`,
      [/^2:6: next_hop_port: expected a whole number from 0 to 65535/],
    ],
    [
      'a pattern that is none',
      `${header}\n+1(408)*,gw,0,a\n`,
      [/^2:1: destination_pattern: expected no \( \) or -.*\(character 3\), got "\+1\(408\)\*"$/],
    ],
    ['a next hop that is none', `${header}\n1,gw_/,0,a\n`, [/^2:3: next_hop: expected a host name or an address/]],
    [
      'an entry that stands twice',
      `${header}\n1,gw,0,a\n2,gw,0,b\n1,GW,0,c\n`,
      [/^4:1: the same pattern and next hop as in line 2$/],
    ],
    [
      'several mistakes',
      `${header}\n1,gw,x,a\n"2\n",gw,0,a\n3,,0,a\n`,
      [/^2:6/, /^3:1: destination_pattern/, /^5:3: next_hop/],
    ],
  ] as const)
    test(`${name} is reported with line and column`, () => {
      const found = mistakesOf(text)
      assert.equal(found.length, mistakes.length, found.join('\n'))
      for (const [i, pattern] of mistakes.entries()) assert.match(found[i] ?? '', pattern)
    })

  test('more than 20000 are too many', () => {
    const lines = Array.from({ length: 20_001 }, (_, i) => `${100_000 + i},gw,0,`)
    assert.deepEqual(mistakesOf([header, ...lines].join('\n')), ['20002:1: there may be 20000 routes at most'])
  })
})

/** SipResolveLocalContactsInRedirectMode: what a redirect server says of a target that a route leads to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSipUri } from '../../sipd/message/uri.ts'
import type { Target } from '../../sipd/proxy/targets.ts'
import { harness, headers, request } from './proxy-support.ts'

test('a redirect server gives the next hop of a route only where SipResolveLocalContactsInRedirectMode is On', () => {
  const route = parseSipUri('sip:gw.example:5070;transport=tcp')
  assert.ok(route)
  const source = { waysOf: (target: Target) => [{ ...target, route }] }
  for (const [redirectsToNextHops, status, contacts] of [
    [false, '404', []],
    [true, '302', ['<sip:+15550100@gw.example:5070;transport=tcp>']],
  ] as const) {
    const policy = { redirect: true, redirectsToNextHops }
    const proxy = harness({ policy, more: { routes: [source] } })
    proxy.receive(request('INVITE', 'sip:+15550100@other.example'))
    const { text = '' } = proxy.sent.at(-1) ?? {}
    assert.equal(text.slice(8, 11), status)
    assert.deepEqual(headers(text, 'Contact'), contacts)
  }
})

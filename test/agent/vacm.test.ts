import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccessEntry, Vacm } from '../../agent/access/vacm.ts'
import { View } from '../../lib/mib/view.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'

const family = (subtree: string, included = true, mask: readonly number[] = []) => ({
  subtree: oid(subtree),
  included,
  mask: Uint8Array.from(mask),
})

test('of the families that match a name, the longest decides (RFC 3415 §5)', () => {
  const view = new View([family('1.3.6'), family('1.3.6.1.2', false), family('1.3.6.1.2.1.1')])
  assert.equal(view.includes(oid('1.3.6.1.4.1')), true)
  assert.equal(view.includes(oid('1.3.6.1.2.1.2')), false)
  assert.equal(view.includes(oid('1.3.6.1.2.1.1.5.0')), true)
  assert.equal(view.includes(oid('1.3')), false)
})

test('a mask leaves sub-identifiers out of the comparison', () => {
  // 1.3.6.1.2.1.2.2.1.*.3: all columns of interface 3.
  const view = new View([family('1.3.6.1.2.1.2.2.1.0.3', true, [0xff, 0xa0])])
  assert.equal(view.includes(oid('1.3.6.1.2.1.2.2.1.10.3')), true)
  assert.equal(view.includes(oid('1.3.6.1.2.1.2.2.1.10.4')), false)
  assert.equal(view.decide({ oid: oid('1.3.6.1.2.1.2.2.1.10') }), 'mixed')
})

test('a decision for an object holds for all its instances, or is none', () => {
  const view = new View([family('1.3.6'), family('1.3.6.1.9.5', false)])
  assert.equal(view.decide({ oid: oid('1.3.6.1.2') }), 'in')
  assert.equal(view.decide({ oid: oid('1.3.6.1.9') }), 'mixed')
  assert.equal(view.decide({ oid: oid('1.3.6.1.9.5.1') }), 'out')
  assert.equal(view.decide({ oid: oid('1.2') }), 'out')
})

test('a decision for a range of subtrees holds for all of them, whatever is said of the first', () => {
  const range = { oid: oid('1.3.6.1.9.1'), to: oid('1.3.6.1.9.9') }
  assert.equal(new View([family('1.3.6')]).decide(range), 'in')
  assert.equal(new View([family('1.2')]).decide(range), 'out')
  const view = new View([family('1.3.6'), family('1.3.6.1.9.1', false)])
  assert.equal(view.decide(range), 'mixed')
  assert.equal(view.sees(range, oid('1.3.6.1.9.1.0')), false)
  assert.equal(view.sees(range, oid('1.3.6.1.9.2.0')), true)
  assert.equal(view.decide({ oid: oid('1.3.6.1.9.2'), to: oid('1.3.6.1.9.3') }), 'in')
})

test('the access entry is chosen by model, context match, prefix length and level, in this order', () => {
  const entry = (over: Partial<AccessEntry>, read: string): AccessEntry => ({
    groupName: 'g',
    contextPrefix: '',
    contextMatch: 'exact',
    securityModel: 'any',
    securityLevel: 'noAuthNoPriv',
    ...over,
    views: { read, write: '', notify: '' },
  })
  // Each view holds one object of its own, which tells them apart.
  const views = ['a', 'b', 'c'].map((viewName, i) => ({ viewName, ...family(`1.3.${i}`) }))
  const members = [{ securityModel: 'usm', securityName: 'ann', groupName: 'g' }] as const
  const chosen = (entries: AccessEntry[], over: Partial<Principal> = {}): string => {
    const principal = {
      securityModel: 'usm',
      securityName: 'ann',
      securityLevel: 'authPriv',
      contextName: '',
      ...over,
    } as const
    const contexts = new Set(['', 'bridge1', 'bridge2', 'bridge2:port'])
    const view = new Vacm(members, entries, views, contexts).viewFor(principal, 'read')
    return view instanceof View ? (['a', 'b', 'c'].find((_, i) => view.includes([1, 3, i])) ?? 'none') : view
  }
  assert.equal(
    chosen([entry({ securityLevel: 'authPriv' }, 'a'), entry({ securityModel: 'usm' }, 'b')]),
    'b',
    'own model',
  )
  assert.equal(chosen([entry({ securityLevel: 'authPriv' }, 'a'), entry({}, 'b')]), 'a', 'higher level')
  assert.equal(chosen([entry({ contextMatch: 'prefix' }, 'a')]), 'a', 'a prefix matches too')
  assert.equal(chosen([entry({ securityLevel: 'authPriv' }, 'a')], { securityLevel: 'noAuthNoPriv' }), 'noAccessEntry')
  assert.equal(chosen([]), 'noAccessEntry')
  assert.equal(chosen([entry({}, 'gone')]), 'noSuchView')
  assert.equal(chosen([entry({}, 'a')], { securityName: 'bob' }), 'noGroupName')
  assert.equal(chosen([entry({}, 'a')], { contextName: 'x' }), 'noSuchContext')
  const bridge2 = { contextName: 'bridge2:port' }
  const byPrefix = (contextPrefix: string, view: string) => entry({ contextPrefix, contextMatch: 'prefix' }, view)
  assert.equal(chosen([entry({ contextPrefix: 'bridge2' }, 'a')], bridge2), 'noAccessEntry', 'exact is the whole name')
  assert.equal(chosen([byPrefix('bridge', 'a'), byPrefix('bridge2', 'b')], bridge2), 'b', 'the longer prefix')
  assert.equal(
    chosen([byPrefix('bridge2:port', 'a'), entry({ contextPrefix: 'bridge2:port' }, 'b')], bridge2),
    'b',
    'an exact match before a prefix, even one of the whole name',
  )
  assert.equal(chosen([byPrefix('bridge1', 'a')], bridge2), 'noAccessEntry')
})

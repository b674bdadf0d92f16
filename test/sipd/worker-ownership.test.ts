import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../lib/time/clock.ts'
import type { SipRequest, SipResponse } from '../../sipd/message/message.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { Branches } from '../../sipd/proxy/loop.ts'
import { KeyHasher } from '../../sipd/transaction/hash.ts'
import { transactionKey } from '../../sipd/transaction/layer.ts'
import { handoverFrames, readHandover } from '../../sipd/worker/handover.ts'
import { encodeHashes, Ownership } from '../../sipd/worker/ownership.ts'
import { caller, request, responseTo } from './proxy-support.ts'

const none = Buffer.alloc(0)
const identity = new Identity({ listeners: [], domains: ['example.test'], addresses: ['192.0.2.1'] })
const hasher = new KeyHasher(Buffer.alloc(16, 7))

/** One worker's view; `gone` are workers that nothing can be sent to. */
function ownership(worker: number, members: readonly number[], gone: readonly number[] = []) {
  const clock = new ManualClock()
  const sent: { worker: number; text: string }[] = []
  const known = new Set<string>()
  const owned = new Ownership(
    {
      worker,
      clock,
      hasher,
      holdMs: 32_000,
      knows: (key) => known.has(key),
      addressOfRecord: (uri) => identity.addressOfRecord(uri),
      send: (other, _source, text) => {
        if (gone.includes(other)) return false
        sent.push({ worker: other, text })
        return true
      },
    },
    members,
  )
  /** The worker that takes this request. */
  const owner = (message: SipRequest): number => {
    sent.length = 0
    return owned.takesRequest(message, caller) ? sent[0]!.worker : worker
  }
  return { owned, clock, sent, known, owner }
}

function numbered(method: string, n: number, headers: Readonly<Record<string, string>> = {}): SipRequest {
  const via = `SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK${n}`
  const message = parseMessage(
    Buffer.from(request(method, 'sip:bob@example.test', { Via: via, 'Call-ID': `call${n}`, ...headers }), 'latin1'),
  )
  assert.equal(message?.kind, 'request')
  return message as SipRequest
}

const keyOf = (message: SipRequest): string =>
  transactionKey(message, message.method === 'ACK' ? 'INVITE' : message.method)

test('a single worker takes everything itself', () => {
  const { owner } = ownership(1, [1])
  for (let n = 0; n < 20; n++) assert.equal(owner(numbered('INVITE', n)), 1)
})

test('all workers agree on who takes a request, and each takes a fair part', () => {
  const views = [1, 2, 3].map((worker) => ownership(worker, [1, 2, 3]))
  const taken = new Map<number, number>()
  for (let n = 0; n < 300; n++) {
    const owners = new Set(views.map(({ owner }) => owner(numbered('INVITE', n))))
    assert.equal(owners.size, 1)
    const [owner] = owners
    taken.set(owner!, (taken.get(owner!) ?? 0) + 1)
  }
  for (const worker of [1, 2, 3])
    assert.ok(taken.get(worker)! > 50, `worker ${worker} takes ${taken.get(worker)} of 300`)
})

test('CANCEL and ACK go to the worker that has their INVITE (RFC 3261 §9.2, §17.2.3)', () => {
  const { owner } = ownership(1, [1, 2, 3])
  for (let n = 0; n < 50; n++) {
    const invite = owner(numbered('INVITE', n))
    assert.equal(owner(numbered('CANCEL', n)), invite)
    assert.equal(owner(numbered('ACK', n)), invite)
  }
})

test('registrations of one user go to one worker, however To is written', () => {
  const { owner } = ownership(1, [1, 2, 3, 4, 5, 6, 7])
  const ways = [
    '<sip:ann@Example.test>',
    'sip:ann@example.test',
    '"<Ann>" <sips:ann@example.test:5060;x=y>',
    'Ann <sip:%61nn@example.test>;tag=1',
    '<sip:ann@example.test.>',
    '<sip:ann@192.0.2.1>',
  ]
  const owners = ways.map((To, n) => owner(numbered('REGISTER', n, { To })))
  assert.equal(new Set(owners).size, 1, owners.join(' '))
})

test('the others agree on who stands in for a worker that is gone, and what is theirs stays', () => {
  const before = ownership(1, [1, 2, 3, 4])
  const views = [1, 3, 4].map((worker) => ownership(worker, [1, 2, 3, 4], [2]))
  for (let n = 0; n < 100; n++) {
    const invite = numbered('INVITE', n)
    const owner = before.owner(invite)
    const standsIn = owner === 2 ? 3 : owner
    assert.deepEqual(
      views.map((view) => view.owner(invite)),
      [standsIn, standsIn, standsIn],
    )
  }
})

test('who takes the seat of one that is gone is named once, with its seat', () => {
  const { owned } = ownership(1, [1, 2, 3], [2])
  assert.deepEqual(owned.setMembers([1, 7, 3]), [{ seat: 1, worker: 7 }])
  assert.deepEqual(owned.setMembers([1, 7, 3]), [])
  owned.drain([8, 9, 10])
  assert.deepEqual(owned.setMembers([8, 11, 10]), [], 'one that drains stands in for nobody')
})

test('a response goes to the worker whose branch it has, and stays when that is gone', () => {
  const { owned, sent } = ownership(1, [1, 2], [3])
  const invite = numbered('INVITE', 1)
  const responseFor = (worker: number): SipResponse => {
    const branch = new Branches(worker).next(1)
    const forwarded = invite.text.replace('Via:', `Via: SIP/2.0/UDP 192.0.2.1:5060;branch=${branch}\r\nVia:`)
    return parseMessage(Buffer.from(responseTo(forwarded, 200))) as SipResponse
  }
  assert.equal(owned.takesResponse(responseFor(2), caller), true)
  assert.equal(sent[0]?.worker, 2)
  assert.equal(owned.takesResponse(responseFor(1), caller), false, 'its own')
  assert.equal(owned.takesResponse(responseFor(3), caller), false, 'of one that is gone')
})

test('what an older worker has under way stays with it until it ends', () => {
  const { owned, owner } = ownership(5, [5])
  const old = numbered('INVITE', 1)
  owned.add({ worker: 4, keys: [keyOf(old)], hashes: none })
  assert.equal(owner(old), 4)
  assert.equal(owner(numbered('ACK', 1)), 4)
  assert.equal(owner(numbered('CANCEL', 1)), 4)
  assert.equal(owner(numbered('INVITE', 2)), 5)
  owned.forget(4)
  assert.equal(owner(old), 5)
})

test('what an older worker holds is absorbed by it for the time of a hold, and not for longer (§17.2)', () => {
  const { owned, owner, clock } = ownership(5, [5])
  const bye = numbered('BYE', 1)
  owned.add({ worker: 4, keys: [], hashes: encodeHashes([hasher.hash(keyOf(bye))]) })
  assert.equal(owner(bye), 4)
  clock.advance(31_000)
  assert.equal(owner(bye), 4)
  clock.advance(10_000)
  assert.equal(owner(bye), 5)
})

test('two restarts in one hold lose nothing: what is live and held elsewhere is handed on as well', () => {
  const [live, held] = [numbered('INVITE', 1), numbered('BYE', 2)]
  const second = ownership(5, [5])
  second.owned.add({ worker: 4, keys: [keyOf(live)], hashes: none })
  second.owned.add({ worker: 4, keys: [], hashes: encodeHashes([hasher.hash(keyOf(held))]) })
  const third = ownership(6, [6])
  for (const handover of second.owned.elsewhere())
    for (const [kind, payload] of handoverFrames(handover)) third.owned.add(readHandover(kind, payload))
  assert.equal(third.owner(live), 4)
  assert.equal(third.owner(held), 4)
})

test('a worker that drains keeps what it knows, and hands what is new to those that relieve it', () => {
  const { owned, owner, known } = ownership(4, [4])
  const old = numbered('INVITE', 1)
  known.add(keyOf(old))
  owned.drain([5])
  assert.equal(owner(old), 4)
  assert.equal(owner(numbered('CANCEL', 1)), 4)
  assert.equal(owner(numbered('INVITE', 2)), 5)
  owned.setMembers([6])
  assert.equal(owner(numbered('INVITE', 2)), 6, 'and later to those that relieved these')
})

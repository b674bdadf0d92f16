import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSipUri } from '../../sipd/message/uri.ts'
import type { MoreSteps } from '../../sipd/pipeline/pipeline.ts'
import type { RoutedRequest } from '../../sipd/pipeline/request.ts'
import { type Step, type Verdict, type Walker, walk } from '../../sipd/pipeline/step.ts'
import type { TargetSource } from '../../sipd/pipeline/target.ts'
import type { Target } from '../../sipd/proxy/targets.ts'
import { harness, headers, kindsOf, request, requestUriOf } from './proxy-support.ts'

/** A step whose verdict is given by hand. */
function waiting() {
  const asked: RoutedRequest[] = []
  const { promise, resolve } = withResolvers<Verdict>()
  const step: Step<RoutedRequest> = (routed) => {
    asked.push(routed)
    return promise
  }
  return { step, asked, gives: resolve }
}

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Until what waits for a promise that is settled has gone on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const invite = request('INVITE', 'sip:bob@example.test')
const bob = 'sip:bob@203.0.113.5'

function withStep(step: Step<RoutedRequest>, more: MoreSteps = {}) {
  const proxy = harness({ more: { identify: [step], ...more } })
  proxy.bind('bob', bob)
  return proxy
}

function targetAt(uri: string): Target {
  return { uri, parsed: parseSipUri(uri), origin: 'asked', flow: undefined, path: [], q: 1000 }
}

const walker = (told: string[]): Walker => ({
  isOver: false,
  waits: () => told.push('waits'),
  continues: () => told.push('continues'),
  stops: (verdict) => told.push(verdict === 'drop' ? 'drop' : String(verdict.status)),
  fails: () => told.push('fails'),
})

test('steps that have their verdict at hand are all taken before the walk returns', () => {
  const told: string[] = []
  const step = (name: string) => (): Verdict => {
    told.push(name)
    return 'goOn'
  }
  walk([step('one'), step('two')], {}, walker(told), () => told.push('arrived'))
  assert.deepEqual(told, ['one', 'two', 'arrived'])
})

test('a step that answers or drops is the last', () => {
  for (const [verdict, heard] of [
    ['drop', 'drop'],
    [{ status: 403 }, '403'],
  ] as const) {
    const told: string[] = []
    walk([() => verdict, () => assert.fail('taken')], {}, walker(told), () => told.push('arrived'))
    assert.deepEqual(told, [heard])
  }
})

test('the step after one that waited is taken when that has its verdict', async () => {
  const told: string[] = []
  const { promise, resolve } = withResolvers<Verdict>()
  const answer = (): Verdict => ({ status: 486 })
  walk([() => promise, answer], {}, walker(told), () => told.push('arrived'))
  assert.deepEqual(told, ['waits'])
  resolve('goOn')
  await turn()
  assert.deepEqual(told, ['waits', 'continues', '486'])
})

test('a request is forwarded when the step that it waited for lets it go on', async () => {
  const { step, asked, gives } = waiting()
  const { receive, take } = withStep(step)
  receive(invite)
  assert.deepEqual([asked.length, take().length], [1, 0])
  gives('goOn')
  await turn()
  assert.deepEqual(kindsOf(take()), ['100', 'INVITE'])
})

test('a challenge of a step goes back, and nobody is looked for', () => {
  const step: Step<RoutedRequest> = () => ({
    status: 407,
    headers: [{ name: 'Proxy-Authenticate', value: 'Digest realm="example.test"' }],
  })
  const asked: string[] = []
  const source: TargetSource = {
    targetsOf: ({ uri }) => {
      asked.push(uri.user ?? '')
      return undefined
    },
  }
  const { receive, take } = withStep(step, { targetsBefore: [source] })
  receive(invite)
  const [answer] = take()
  assert.deepEqual(headers(answer?.text ?? '', 'Proxy-Authenticate'), ['Digest realm="example.test"'])
  assert.deepEqual(asked, [])
})

test('a request that a step drops gets no answer, and nothing is kept of it', async () => {
  const { step, gives } = waiting()
  const { receive, take, layer } = withStep(step)
  receive(request('MESSAGE', 'sip:bob@example.test'))
  gives('drop')
  await turn()
  assert.deepEqual([take().length, layer.live], [0, 0])
})

test('an INVITE that has waited for 200 ms gets a 100 (§17.2.1), another request does not', async () => {
  const { step, gives } = waiting()
  const { receive, take, clock } = withStep(step)
  receive(invite)
  receive(request('MESSAGE', 'sip:bob@example.test'))
  clock.advance(199)
  assert.equal(take().length, 0)
  clock.advance(1)
  assert.deepEqual(kindsOf(take()), ['100'])
  gives('goOn')
  await turn()
  assert.deepEqual(kindsOf(take()).sort(), ['INVITE', 'MESSAGE'])
})

test('who cancels while a step waits gets 487, the step hears of it, and nothing is forwarded after', async () => {
  const { step, asked, gives } = waiting()
  const { receive, take, clock, layer } = withStep(step)
  receive(invite)
  const [routed] = asked
  assert.ok(routed)
  const { signal } = routed
  receive(request('CANCEL', 'sip:bob@example.test'))
  assert.deepEqual(kindsOf(take()), ['200', '487'])
  assert.equal(signal.aborted, true)
  gives('goOn')
  await turn()
  receive(request('ACK', 'sip:bob@example.test'))
  clock.advance(1000)
  assert.deepEqual([take().length, layer.live], [0, 0])
})

test('nothing is forwarded for a caller whose connection ended while a step waited', async () => {
  const { step, gives } = waiting()
  const { receive, sent, take, clock } = withStep(step)
  const overTcp = { transport: 'TCP', address: '198.51.100.1', port: 5060, listener: 0, connection: '1.1' } as const
  receive(request('INVITE', 'sip:bob@example.test', { Via: 'SIP/2.0/TCP 198.51.100.1;branch=z9hG4bKtcp' }), overTcp)
  clock.advance(200)
  assert.deepEqual(kindsOf(take()), ['100'])
  sent[0]?.fail()
  gives('goOn')
  await turn()
  assert.equal(take().length, 0)
})

test('a step that fails costs its request a 500 and the log one line, at once or after a wait', async () => {
  const steps: readonly Step<RoutedRequest>[] = [
    () => {
      throw new Error('broken')
    },
    async () => {
      throw new Error('broken')
    },
  ]
  for (const step of steps) {
    const { receive, take, logged, layer } = withStep(step)
    receive(request('MESSAGE', 'sip:bob@example.test'))
    await turn()
    assert.deepEqual(kindsOf(take()), ['500'])
    assert.deepEqual([logged.length, layer.live], [1, 0])
    assert.match(logged.join(), /broken/)
  }
})

test('sources of targets are asked in their order, until one knows the user', async () => {
  const asked: string[] = []
  const source = (name: string, targets?: readonly Target[]): TargetSource => ({
    targetsOf: async () => {
      asked.push(name)
      return targets
    },
  })
  const before = source('before')
  const { receive, take } = harness({
    more: { targetsBefore: [before], targetsAfter: [source('after', [targetAt(bob)]), source('never')] },
  })
  receive(invite)
  await turn()
  assert.deepEqual(asked, ['before', 'after'])
  assert.deepEqual(take().slice(1).map(requestUriOf), [bob])
  // Who is registered is not asked for any further.
  const registered = harness({ more: { targetsAfter: [source('not asked')] } })
  registered.bind('bob', bob)
  registered.receive(invite)
  assert.deepEqual([kindsOf(registered.take()), asked.length], [['100', 'INVITE'], 2])
})

test('a source that knows a user forwards in place of the registry', () => {
  const forwarding: TargetSource = { targetsOf: () => [targetAt('sip:carol@203.0.113.9')] }
  const { receive, take, bind } = harness({ more: { targetsBefore: [forwarding] } })
  bind('bob', bob)
  receive(invite)
  assert.deepEqual(take().slice(1).map(requestUriOf), ['sip:carol@203.0.113.9'])
})

test('a route names the next hop of what leads elsewhere, and the Request-URI stays', async () => {
  const gateway = parseSipUri('sip:203.0.113.77:5070')
  const by = (target: Target): Target[] => (gateway ? [{ ...target, route: gateway }] : [])
  for (const waysOf of [by, async (target: Target) => by(target)]) {
    const { receive, take, bind } = harness({
      more: { routes: [{ waysOf: () => undefined }, { waysOf }, { waysOf: () => assert.fail() }] },
    })
    bind('bob', bob)
    receive(request('MESSAGE', 'sip:+15550100@elsewhere.example'))
    await turn()
    const [forwarded] = take()
    assert.deepEqual(
      [forwarded?.hop.address, forwarded?.hop.port, forwarded && requestUriOf(forwarded)],
      ['203.0.113.77', 5070, 'sip:+15550100@elsewhere.example'],
    )
    receive(request('OPTIONS', 'sip:bob@example.test'))
    await turn()
    assert.equal(take()[0]?.hop.address, '203.0.113.5', 'who registered is where the phone is')
  }
})

test('a user who registered elsewhere a moment ago is found when the news arrives, and 404 is said after that', async () => {
  const { receive, take, clock, bind } = harness({ settleMs: 50 })
  receive(request('MESSAGE', 'sip:bob@example.test'))
  receive(request('OPTIONS', 'sip:carol@example.test'))
  bind('bob', bob)
  clock.advance(49)
  await turn()
  assert.equal(take().length, 0)
  clock.advance(1)
  await turn()
  assert.deepEqual(kindsOf(take()).sort(), ['404', 'MESSAGE'])
})

test('a stateless proxy takes the same steps, and waits for them', async () => {
  const { step, gives } = waiting()
  const { receive, take, layer } = harness({
    policy: { stateful: false },
    more: { identify: [step] },
  })
  receive(request('MESSAGE', 'sip:bob@203.0.113.5'))
  assert.equal(take().length, 0)
  gives('goOn')
  await turn()
  assert.deepEqual([kindsOf(take()), layer.live], [['MESSAGE'], 0])
})

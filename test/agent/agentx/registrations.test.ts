import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { agentxError } from '../../../agentx/pdu.ts'
import { type Oid, oid } from '../../../lib/smi/oid.ts'
import { nullValue, type SnmpValue } from '../../../lib/smi/value.ts'
import { type AgentxEngine, agentxEngine, answer, ScriptedSubagent } from '../../support/agentx.ts'
import { randomFrom } from '../../support/mutate.ts'

const root = oid('1.3.6.1.4.1.32473.99')
let engine: AgentxEngine
let subagents: ScriptedSubagent[] = []

/** A subagent that has every name, and says who it is. */
async function open(name: string): Promise<ScriptedSubagent> {
  const subagent = await ScriptedSubagent.open(engine.path)
  const value: SnmpValue = { type: 'OctetString', value: Buffer.from(name) }
  subagent.respond = (pdu) =>
    pdu.type === 'get' ? answer(pdu.ranges.map(({ start }) => ({ name: start, value }))) : undefined
  subagents.push(subagent)
  return subagent
}

afterEach(async () => {
  for (const subagent of subagents) subagent.end()
  subagents = []
  await engine.stop()
})

interface Claim {
  readonly owner: number
  readonly subtree: Oid
  readonly rangeSubid: number
  readonly upperBound: number
  readonly priority: number
}

/** RFC 2741 §6.2.3, as it is said there: a range is a registration of each subtree in it. */
function subtreesOf({ subtree, rangeSubid, upperBound }: Claim): string[] {
  if (rangeSubid === 0) return [subtree.join('.')]
  const subtrees: string[] = []
  for (let id = subtree[rangeSubid - 1]!; id <= upperBound; id++)
    subtrees.push(subtree.with(rangeSubid - 1, id).join('.'))
  return subtrees
}

const isDuplicate = (claim: Claim, claims: readonly Claim[]): boolean =>
  claims.some(
    (other) =>
      other.priority === claim.priority && subtreesOf(other).some((subtree) => subtreesOf(claim).includes(subtree)),
  )

/** §7.1.4.1: the longest subtree that the name lies in, then the lowest priority. */
function authoritative(name: Oid, claims: readonly Claim[]): Claim | undefined {
  const dotted = `${name.join('.')}.`
  const fitting = claims.filter((claim) => subtreesOf(claim).some((subtree) => dotted.startsWith(`${subtree}.`)))
  return fitting.sort((a, b) => b.subtree.length - a.subtree.length || a.priority - b.priority)[0]
}

const register = (claim: Claim): Promise<number> => {
  const { owner, subtree, ...rest } = claim
  return subagents[owner]!.register(subtree.join('.'), rest)
}

const unregister = async ({ owner, subtree, rangeSubid, upperBound, priority }: Claim): Promise<number> => {
  const body = { type: 'unregister', subtree, rangeSubid, upperBound, priority, timeoutSeconds: 0 } as const
  return (await subagents[owner]!.ask(body)).error
}

test('one subtree of a range that is registered at the same priority is a duplicate, by whichever session, and so is the range of it', async () => {
  engine = await agentxEngine()
  await open('0')
  await open('1')
  const at = root.length + 2
  const range = { owner: 0, subtree: [...root, 1, 3, 5], rangeSubid: at, upperBound: 8, priority: 127 }
  const single = { owner: 1, subtree: [...root, 1, 6, 5], rangeSubid: 0, upperBound: 0, priority: 127 }
  assert.equal(await register(range), 0)
  assert.equal(await register(single), agentxError.duplicateRegistration)
  assert.equal(await register({ ...single, owner: 0 }), agentxError.duplicateRegistration)
  assert.equal(await register({ ...single, priority: 126 }), 0, 'another priority')
  assert.equal(await register({ ...single, subtree: [...root, 1, 9, 5] }), 0, 'behind the range')
  assert.equal(await register({ ...single, subtree: [...root, 1, 6] }), 0, 'above it')
  assert.equal(
    await register({ ...range, owner: 1, subtree: [...root, 1, 8, 5], upperBound: 8 }),
    263,
    'a range of one',
  )
  assert.equal(await unregister(range), 0)
  assert.equal(await register(single), 0, 'once the range is gone')
  assert.equal(await register(range), agentxError.duplicateRegistration, 'the other way round')
})

test('ranges in all combinations: what is refused and who answers is what a model of single subtrees says', async () => {
  engine = await agentxEngine()
  for (const name of ['0', '1', '2']) await open(name)
  const random = randomFrom(2741)
  const below = (bound: number): number => Math.floor(random() * bound)
  const anyOid = (length: number): number[] => Array.from({ length }, () => 1 + below(3))
  const seen = { duplicates: 0, ranges: 0, answers: 0, nobody: 0 }
  for (let round = 0; round < 150; round++) {
    const claims: Claim[] = []
    for (let i = 0; i < 12; i++) {
      const length = 1 + below(3)
      const subtree = [...root, ...anyOid(length)]
      const rangeSubid = random() < 0.4 ? 0 : root.length + 1 + below(length)
      const upperBound = rangeSubid === 0 ? 0 : subtree[rangeSubid - 1]! + below(3)
      const claim = { owner: below(3), subtree, rangeSubid, upperBound, priority: 1 + below(2) }
      const expected = isDuplicate(claim, claims) ? agentxError.duplicateRegistration : 0
      assert.equal(await register(claim), expected, JSON.stringify({ claim, claims }))
      if (expected !== 0) seen.duplicates++
      else claims.push(claim)
      if (rangeSubid > 0) seen.ranges++
      if (claims.length > 3 && random() < 0.2) {
        const [gone] = claims.splice(below(claims.length), 1)
        assert.equal(await unregister(gone!), 0)
      }
    }
    const names = Array.from({ length: 20 }, () => [...root, ...anyOid(1 + below(3)), 1 + below(4), 0])
    const answered = await engine.ask({
      type: 'getRequest',
      varbinds: names.map((name) => ({ name, value: nullValue })),
    })
    for (const [i, name] of names.entries()) {
      const value = answered?.varbinds[i]?.value
      const owner = value?.type === 'OctetString' ? Number(Buffer.from(value.value).toString()) : undefined
      const expected = authoritative(name, claims)?.owner
      assert.equal(owner, expected, JSON.stringify({ name, claims }))
      seen[expected === undefined ? 'nobody' : 'answers']++
    }
    for (const claim of claims) assert.equal(await unregister(claim), 0)
  }
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 200, `${what}: ${count}`)
})

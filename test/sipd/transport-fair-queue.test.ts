import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FairQueue } from '../../sipd/transport/fair-queue.ts'

const flooder = '192.0.2.1'
const caller = '198.51.100.7'

function queue() {
  const taken: string[] = []
  let lost = 0
  let turns = 0
  const fair = new FairQueue<string>({
    take: (item) => taken.push(item),
    onLost: () => lost++,
    onTurn: () => turns++,
  })
  return { fair, taken, lost: () => lost, turns: () => turns }
}

function flood(fair: FairQueue<string>, count: number, from = flooder): void {
  for (let n = 0; n < count; n++) fair.add(from, `${from} ${n}`, 100)
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('a datagram is not looked at before those of other sources that were read in the same turn had theirs read', async () => {
  const { fair, taken, turns } = queue()
  fair.add(caller, 'one', 100)
  assert.deepEqual(taken, [])
  await nextTurn()
  assert.deepEqual(taken, ['one'])
  assert.equal(turns(), 1)
})

test('a datagram behind the flood of another source is looked at second', () => {
  const { fair, taken } = queue()
  flood(fair, 500)
  fair.add(caller, 'call', 100)
  fair.finish()
  assert.deepEqual(taken.slice(0, 3), [`${flooder} 0`, 'call', `${flooder} 1`])
  assert.equal(taken.length, 501)
  assert.equal(fair.octets, 0)
})

test('while a socket has more than was read, it is read before much of what is known is looked at', async () => {
  const { fair, taken } = queue()
  flood(fair, 32)
  await nextTurn()
  assert.ok(taken.length < 16, `${taken.length} were looked at`)
  fair.add(caller, 'call', 100)
  await nextTurn()
  assert.ok(taken.indexOf('call') < 16)
})

test('datagrams of one source stay in their order, through many turns', async () => {
  const { fair, taken } = queue()
  const expected: string[] = []
  for (let round = 0; round < 40; round++) {
    for (let n = 0; n < 20; n++) {
      expected.push(`${round} ${n}`)
      fair.add(caller, `${round} ${n}`, 100)
    }
    await nextTurn()
  }
  fair.finish()
  assert.deepEqual(taken, expected)
})

test('the addresses of an IPv6 network take one turn together', () => {
  const { fair, taken } = queue()
  for (let n = 1; n < 100; n++) fair.add(`2001:db8:0:7::${n}`, `v6 ${n}`, 100)
  fair.add(caller, 'call', 100)
  fair.finish()
  assert.equal(taken.indexOf('call'), 1)
})

test('what a source floods beyond its bound is lost, and what others send is not', () => {
  const { fair, taken, lost } = queue()
  flood(fair, 100_000)
  assert.ok(lost() > 90_000)
  fair.add(caller, 'call', 100)
  fair.finish()
  assert.ok(taken.includes('call'))
  flood(fair, 1)
  fair.finish()
  assert.equal(taken.at(-1), `${flooder} 0`, 'there is room again')
})

test('many sources together have a bound too', () => {
  const { fair, lost } = queue()
  for (let n = 0; n < 200_000; n++) fair.add(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 'one', 100)
  assert.ok(lost() > 100_000)
  assert.ok(fair.octets <= 8 << 20)
})

test('one that is added while another is looked at has its turn', async () => {
  const taken: string[] = []
  const fair: FairQueue<string> = new FairQueue<string>({
    take: (item) => {
      taken.push(item)
      if (item === 'first') fair.add(caller, 'second', 100)
    },
    onLost: () => {},
    onTurn: () => {},
  })
  fair.add(caller, 'first', 100)
  await nextTurn()
  await nextTurn()
  assert.deepEqual(taken, ['first', 'second'])
})

/** The resolver against name servers that are slow, lie, are down, or say too much. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import dnsPacket, { type Answer } from 'dns-packet'
import { systemClock } from '../../lib/time/clock.ts'
import { exchangeOn, type NameServer } from '../../sipd/dns/exchange.ts'
import { encodeQuestion, isDnsName, newQuestion, readResponse } from '../../sipd/dns/message.ts'
import { NoAnswerError, Resolver } from '../../sipd/dns/resolver.ts'
import { type Asking, nameServer, type Said } from '../support/name-server.ts'
import { freePorts } from '../support/sip-ports.ts'

const a = (name: string, data = '192.0.2.1', ttl = 60): Answer => ({ type: 'A', name, ttl, data })
const alias = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, ttl, data })
const truncated = { type: 'response', flags: dnsPacket.TRUNCATED_RESPONSE } as const

/** Asks one name server that says this. */
async function asking<T>(
  said: (question: Asking) => Said,
  use: (resolver: Resolver, asked: readonly Asking[]) => Promise<T>,
  more: readonly NameServer[] = [],
): Promise<T> {
  const server = await nameServer(said)
  try {
    const servers = [...more, server.address]
    return await use(
      new Resolver({ clock: systemClock, servers: () => servers, exchange: exchangeOn(systemClock) }),
      server.asked,
    )
  } finally {
    server.close()
  }
}

describe('a resolver', () => {
  test('gives the records of a name, and how long they are true', async () => {
    await asking(
      ({ name }) => [a(name, '192.0.2.1', 300), a(name, '192.0.2.2', 20), a('other.example', '192.0.2.66')],
      async (resolver) =>
        assert.deepEqual(await resolver.ask('A', 'GW.example.'), {
          records: ['192.0.2.1', '192.0.2.2'],
          ttlSeconds: 20,
        }),
    )
  })

  test('asks with another id, another port and another case each time', async () => {
    await asking(
      ({ name }) => [a(name)],
      async (resolver, asked) => {
        for (let i = 0; i < 8; i++) await resolver.ask('A', 'gateway.of.some.length.example')
        for (const of of ['id', 'port', 'name'] as const)
          assert.ok(new Set(asked.map((one) => one[of])).size > 4, `${of}: ${asked.map((one) => one[of])}`)
      },
    )
  })

  test('asks over TCP what does not fit into a datagram', async () => {
    const many = (name: string): Answer[] => Array.from({ length: 200 }, (_, i) => a(name, `192.0.2.${i}`))
    await asking(
      ({ name, over }) => (over === 'UDP' ? truncated : many(name)),
      async (resolver, asked) => {
        const { records } = await resolver.ask('A', 'many.example')
        assert.equal(records.length, 32, 'as many as are of use')
        assert.deepEqual(
          asked.map(({ over }) => over),
          ['UDP', 'TCP'],
        )
      },
    )
  })

  test('asks over TCP where the case of the question did not come back', async () => {
    await asking(
      ({ name, over, type }) => ({
        questions: [{ name: name.toLowerCase(), type, class: 'IN' }],
        answers: [a(name, over === 'UDP' ? '192.0.2.66' : '192.0.2.1')],
      }),
      async (resolver) =>
        assert.deepEqual((await resolver.ask('A', 'a-name-with-letters.example')).records, ['192.0.2.1']),
    )
  })

  test('follows aliases, within one response and from one to the next', async () => {
    await asking(
      ({ name }) => {
        const plain = name.toLowerCase()
        if (plain === 'one.example') return [alias(plain, 'two.example', 50), alias('two.example', 'three.example', 7)]
        return plain === 'three.example' ? [a(plain, '192.0.2.3', 40)] : []
      },
      async (resolver) =>
        assert.deepEqual(await resolver.ask('A', 'one.example'), { records: ['192.0.2.3'], ttlSeconds: 7 }),
    )
  })

  test('ends aliases that lead in a circle, and those that never end', async () => {
    const next = (name: string): string => `${Number(name.split('.')[0]) + 1}.example`
    await asking(
      ({ name }) => {
        const plain = name.toLowerCase()
        if (plain === 'a.example') return [alias(plain, 'b.example'), alias('b.example', 'a.example')]
        return [alias(plain, next(plain))]
      },
      async (resolver, asked) => {
        assert.deepEqual((await resolver.ask('A', 'a.example')).records, [])
        assert.equal(asked.length, 1)
        await assert.rejects(resolver.ask('A', '0.example'), /more than 8 aliases/)
        assert.equal(asked.length, 10)
      },
    )
  })

  test('remembers that there is nothing for as long as the SOA record says (RFC 2308), 300 s at most', async () => {
    const soa = (ttl: number, minimum: number): Said => ({
      flags: dnsPacket.RECURSION_AVAILABLE | 3,
      authorities: [{ type: 'SOA', name: 'example', ttl, data: { mname: 'ns', rname: 'hm', minimum } }],
    })
    const said: Record<string, Said> = { 'a.example': soa(900, 20), 'b.example': soa(900, 900), 'c.example': [] }
    await asking(
      ({ name }) => said[name.toLowerCase()],
      async (resolver) => {
        for (const [name, ttlSeconds] of [
          ['a.example', 20],
          ['b.example', 300],
          ['c.example', 5],
        ] as const)
          assert.deepEqual(await resolver.ask('A', name), { records: [], ttlSeconds })
      },
    )
  })

  test('asks the next server when one is down, and that one first from then on', async () => {
    const down = { address: '127.0.0.1', port: await freePorts(1) }
    await asking(
      ({ name }) => [a(name)],
      async (resolver, asked) => {
        for (const name of ['a.example', 'b.example'])
          assert.deepEqual((await resolver.ask('A', name)).records, ['192.0.2.1'])
        assert.equal(asked.length, 2)
      },
      [down],
    )
  })

  test('asks the next server when one says that it cannot, and tells who said what', async () => {
    const refuses = await nameServer(() => ({ flags: 5 }))
    try {
      await asking(
        ({ name }) => (name.toLowerCase() === 'good.example' ? [a(name)] : { flags: 2 }),
        async (resolver) => {
          assert.deepEqual((await resolver.ask('A', 'good.example')).records, ['192.0.2.1'])
          await assert.rejects(resolver.ask('A', 'bad.example'), (error) => {
            assert.ok(error instanceof NoAnswerError)
            assert.match(error.message, /no answer for A of bad\.example: .*: REFUSED; .*: SERVFAIL/)
            return true
          })
        },
        [refuses.address],
      )
    } finally {
      refuses.close()
    }
  })

  test('gives up a silent server within two seconds', async () => {
    await asking(
      () => undefined,
      async (resolver, asked) => {
        await assert.rejects(resolver.ask('A', 'silent.example'), NoAnswerError)
        assert.equal(asked.length, 2)
      },
    )
  })

  test('hears what is no answer to its question as little as noise, and waits for the answer', async () => {
    const lies: Said[] = [
      Buffer.from('noise'),
      Buffer.alloc(12),
      { id: 1, answers: [] },
      { questions: [{ type: 'A', name: 'other.example', class: 'IN' }], answers: [a('other.example', '192.0.2.66')] },
      { questions: [] },
    ]
    for (const lie of lies) {
      let first = true
      await asking(
        ({ name }) => {
          if (!first) return [a(name)]
          first = false
          return lie
        },
        async (resolver) => assert.deepEqual((await resolver.ask('A', 'gw.example')).records, ['192.0.2.1']),
      )
    }
  })

  test('takes no answer of more octets or records than a name has use for', async () => {
    const records = (length: number, name: string): Answer[] => Array.from({ length }, () => a(name))
    for (const many of [600, 1000])
      await asking(
        ({ name, over }) => (over === 'UDP' ? truncated : records(many, name)),
        async (resolver) => assert.rejects(resolver.ask('A', 'many.example'), /is too long|no answer to the question/),
      )
  })

  test('asks without EDNS a server that does not know it', async () => {
    let count = 0
    await asking(
      ({ name }) => (count++ === 0 ? { flags: 1 } : [a(name)]),
      async (resolver) => assert.deepEqual((await resolver.ask('A', 'gw.example')).records, ['192.0.2.1']),
    )
  })
})

test('names that the DNS cannot have are asked of nobody', async () => {
  assert.ok(isDnsName('_sip._udp.example.com'))
  for (const name of ['', '.', 'a..b', `${'a'.repeat(64)}.example`, 'a b.example', 'a\0b', `${'a.'.repeat(127)}a`])
    assert.equal(isDnsName(name), false, JSON.stringify(name))
  await asking(
    () => [],
    async (resolver, asked) => {
      assert.deepEqual((await resolver.ask('A', 'a..b')).records, [])
      assert.equal(asked.length, 0)
    },
  )
})

test('no octets make the reader of responses fail, whatever counts and pointers they have', () => {
  const question = newQuestion('gw.example', 'A')
  const octets = dnsPacket.encode({
    type: 'response',
    id: question.id,
    questions: [{ name: question.name, type: 'A', class: 'IN' }],
    answers: [
      a(question.name),
      { type: 'SRV', name: question.name, ttl: 1, data: { port: 5060, target: 'x.example' } },
    ],
  })
  assert.ok(readResponse(octets, question))
  for (let at = 0; at < octets.length; at++) {
    readResponse(octets.subarray(0, at), question)
    for (const value of [0, 0xc0, 0xff]) {
      const bent = Buffer.from(octets)
      bent[at] = value
      readResponse(bent, question)
    }
  }
  const counts = Buffer.from(octets)
  counts.writeUInt16BE(0xffff, 6)
  assert.equal(readResponse(counts, question), undefined)
  assert.equal(readResponse(encodeQuestion(question, true), question), undefined, 'a question is no answer')
})

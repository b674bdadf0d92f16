/** Work that strangers choose the size of costs in proportion to it: four times the octets at most eight times the time. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Follower } from '../../lib/follow/follower.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { Identity } from '../../sipd/proxy/identity.ts'
import { isLoop } from '../../sipd/proxy/loop.ts'
import { Framer } from '../../sipd/transport/framer.ts'
import { request } from '../../test/sipd/proxy-support.ts'
import { judge, sized } from '../smoke.ts'

const size = sized(1800, 100)

for (const [what, header] of [
  ['blanks before a folded line', (n) => `Call-ID: a${' '.repeat(4 * n)}b\r\n c`],
  ['folded lines without anything in them', (n) => `Call-ID: a${'\r\n '.repeat(n)}b`],
  ['parameters of a Via', (n) => `Call-ID: a\r\nVia: SIP/2.0/UDP h${';a'.repeat(2 * n)}`],
  ['blanks in a Via', (n) => `Call-ID: a\r\nVia: SIP/2.0/UDP ${'h'.repeat(2 * n)}${' '.repeat(2 * n)}`],
  ['semicolons of an address', (n) => `Call-ID: a\r\nContact: <sip:a@b>${' ;a'.repeat(n)}`],
  ['words before an address', (n) => `Call-ID: a\r\nContact: ${'a '.repeat(2 * n)}<sip:a@b>`],
] as const satisfies readonly (readonly [string, (n: number) => string])[])
  test(`many ${what}`, (context) => {
    const identity = new Identity({ listeners: [], domains: [], addresses: [] })
    compare(context, (n) => {
      const octets = Buffer.from(request('OPTIONS', 'sip:example.test').replace(/^Call-ID: [^\r]*/m, header(n)))
      return () => {
        const message = parseMessage(octets)
        assert.ok(message?.kind === 'request')
        isLoop(message, identity)
      }
    })
  })

test('a large body octet by octet', (context) => {
  compare(context, (n) => {
    const head = request('OPTIONS', 'sip:example.test').replace('Content-Length: 0', `Content-Length: ${n}`)
    const octet = Buffer.from('x')
    return () => {
      const framer = new Framer()
      let octets = 0
      const push = (chunk: Buffer): void =>
        framer.push(
          chunk,
          (message) => (octets += message.length),
          () => {},
        )
      push(Buffer.from(head))
      for (let i = 0; i < n; i++) push(octet)
      assert.equal(octets, head.length + n)
    }
  })
})

test('a log of 5 GB is looked at as fast as a small one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-follow-'))
  const path = join(folder, 'log')
  const looked = async (octets: number): Promise<number> => {
    writeFileSync(path, '')
    truncateSync(path, octets)
    appendFileSync(path, '\n')
    const follower = new Follower({ path, clock: systemClock, startAt: 'end' })
    const beganMs = performance.now()
    const { sizeOctets } = await follower.poll(async () => () => {})
    const tookMs = performance.now() - beganMs
    assert.equal(sizeOctets, octets + 1)
    await follower.close()
    return tookMs
  }
  await looked(1000)
  const [small, large] = [await looked(1000), await looked(5 * 1024 ** 3)]
  context.diagnostic(`${small.toFixed(2)} ms, and ${large.toFixed(2)} ms for 5 GB`)
  judge(large < 20 * small + 5, `${large} ms against ${small} ms`)
  rmSync(folder, { recursive: true })
})

function compare(context: TestContext, prepare: (n: number) => () => void): void {
  const [small, large] = [prepare(size), prepare(4 * size)].map((run) => {
    for (let i = 0; i < 3; i++) run()
    const times = Array.from({ length: 5 }, () => {
      const beganMs = performance.now()
      run()
      return performance.now() - beganMs
    })
    return Math.min(...times)
  }) as [number, number]
  context.diagnostic(`${small.toFixed(2)} ms, and ${large.toFixed(2)} ms for four times as much`)
  judge(large <= 8 * small + 0.5, `${large} ms against ${small} ms for a quarter of it`)
}

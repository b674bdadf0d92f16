import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { parseMessage } from '../../sipd/message/parse.ts'
import { testServer } from '../support/sip-server.ts'

/**
 * taken: read as a whole request, whatever is then done with it; a number: refused with that status; nothing: no answer,
 * for a response that belongs to nothing or is none.
 */
type Verdict = 'taken' | 'nothing' | number

const rfc4475: Readonly<Record<string, readonly [section: string, verdict: Verdict]>> = {
  wsinv: ['3.1.1.1', 'taken'],
  intmeth: ['3.1.1.2', 'taken'],
  esc01: ['3.1.1.3', 'taken'],
  escnull: ['3.1.1.4', 'taken'],
  esc02: ['3.1.1.5', 'taken'],
  lwsdisp: ['3.1.1.6', 'taken'],
  longreq: ['3.1.1.7', 'taken'],
  dblreq: ['3.1.1.8', 'taken'],
  semiuri: ['3.1.1.9', 'taken'],
  transports: ['3.1.1.10', 'taken'],
  mpart01: ['3.1.1.11', 'taken'],
  unreason: ['3.1.1.12', 'nothing'], // a good response, to nothing that was asked
  noreason: ['3.1.1.13', 'nothing'],
  badinv01: ['3.1.2.1', 400],
  clerr: ['3.1.2.2', 400],
  ncl: ['3.1.2.3', 400],
  scalar02: ['3.1.2.4', 400],
  scalarlg: ['3.1.2.5', 'nothing'],
  quotbal: ['3.1.2.6', 400],
  ltgtruri: ['3.1.2.7', 400],
  lwsruri: ['3.1.2.8', 400],
  lwsstart: ['3.1.2.9', 400],
  trws: ['3.1.2.10', 400],
  escruri: ['3.1.2.11', 400],
  baddate: ['3.1.2.12', 'taken'], // who does not use Date should not refuse it
  regbadct: ['3.1.2.13', 400],
  badaspec: ['3.1.2.14', 400],
  baddn: ['3.1.2.15', 400],
  badvers: ['3.1.2.16', 505],
  mismatch01: ['3.1.2.17', 400],
  mismatch02: ['3.1.2.18', 400],
  bigcode: ['3.1.2.19', 'nothing'],
  badbranch: ['3.2.1', 'taken'], // as a request of RFC 2543, whose transactions have no branch
  insuf: ['3.3.1', 400],
  unkscm: ['3.3.2', 416],
  novelsc: ['3.3.3', 416],
  unksm2: ['3.3.4', 400],
  bext01: ['3.3.5', 420],
  invut: ['3.3.6', 'taken'],
  regaut01: ['3.3.7', 'taken'], // without digest here, its unknown scheme is nobody's business
  multi01: ['3.3.8', 400],
  mcl01: ['3.3.9', 400],
  bcast: ['3.3.10', 'nothing'],
  zeromf: ['3.3.11', 483],
  cparam01: ['3.3.12', 'taken'],
  cparam02: ['3.3.13', 'taken'],
  regescrt: ['3.3.14', 'taken'],
  sdp01: ['3.3.15', 'taken'],
  inv2543: ['3.4.1', 'taken'],
}

const rfc5118: typeof rfc4475 = {
  'ipv6-good': ['4.1', 'taken'],
  'ipv6-bad': ['4.2', 400],
  'port-ambiguous': ['4.3', 'taken'],
  'port-unambiguous': ['4.4', 'taken'],
  'via-received-param-with-delim': ['4.5', 'taken'],
  'via-received-param-no-delim': ['4.5', 'taken'],
  'ipv6-in-sdp': ['4.6', 'taken'],
  'mult-ip-in-header': ['4.7', 'taken'],
  'mult-ip-in-sdp': ['4.8', 'taken'],
  'ipv4-mapped-ipv6': ['4.9', 'taken'],
  'ipv6-bug-abnf-3-colons': ['4.10', 'taken'],
  'ipv6-correct-abnf-2-colons': ['4.10', 'taken'],
}

/** What a proxy for example.com does with a datagram: the status it answers with, the request line it forwards, both or nothing. */
function outcomeOf(octets: Buffer): { status?: number; forwarded?: string } {
  const outcome: { status?: number; forwarded?: string } = {}
  const { core } = testServer({
    domains: ['example.com'],
    send: (text) => {
      const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1]
      if (status === undefined) outcome.forwarded = text.slice(0, text.indexOf('\r\n'))
      else if (status !== '100') outcome.status = Number(status)
    },
  })
  core.receive(octets, { transport: 'UDP', address: '192.0.2.99', port: 5060, listener: 0, connection: undefined })
  return outcome
}

for (const [rfc, verdicts] of [
  ['rfc4475', rfc4475],
  ['rfc5118', rfc5118],
] as const) {
  const folder = join(programRoot, 'test', 'fixtures', 'sip-torture', rfc)
  describe(`the messages of ${rfc}`, () => {
    test('are all here', () => {
      assert.deepEqual(
        readdirSync(folder)
          .map((name) => name.replace('.dat', ''))
          .sort(),
        Object.keys(verdicts).sort(),
      )
    })
    for (const [name, [section, verdict]] of Object.entries(verdicts)) {
      test(`${name} (${section}) is ${verdict === 'taken' || verdict === 'nothing' ? verdict : `answered with ${verdict}`}`, () => {
        const octets = readFileSync(join(folder, `${name}.dat`))
        const { status, forwarded } = outcomeOf(octets)
        if (verdict === 'nothing') assert.deepEqual({ status, forwarded }, { status: undefined, forwarded: undefined })
        else if (verdict === 'taken') {
          assert.equal(parseMessage(octets)?.kind, 'request')
          assert.ok(![400, 416, 420, 505].includes(status ?? 0), `answered with ${status}`)
        } else assert.deepEqual({ status, forwarded }, { status: verdict, forwarded: undefined })
      })
    }
  })
}

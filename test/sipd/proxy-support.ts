/** A proxy under test with its peers written by hand: requests go in as text, and what is sent is kept in order. */
import assert from 'node:assert/strict'
import type { Hop } from '../../sipd/message/hop.ts'
import { type TestServer, type TestServerOptions, testServer } from '../support/sip-server.ts'

export interface Sent {
  readonly text: string
  readonly hop: Hop
  /** When, on the test's clock. */
  readonly atMs: number
  /** Tells the sender that the octets did not leave. */
  readonly fail: () => void
}

export interface Harness extends TestServer {
  /** All that left, the oldest first. */
  readonly sent: Sent[]
  /** What left since the last call. */
  take(): Sent[]
  /** Forgets what was sent. */
  forget(): void
  receive(text: string, source?: Hop): void
  /** Answers what was sent, as its far end would. */
  answer(sent: Sent, status: number, headers?: readonly string[], body?: string): void
  /** Puts a registration there. */
  bind(
    user: string,
    contact: string,
    more?: { q?: number; flow?: string; path?: readonly string[]; features?: string },
  ): void
}

export const caller: Hop = { transport: 'UDP', address: '198.51.100.1', port: 5060, listener: 0, connection: undefined }

export function harness(options: Omit<TestServerOptions, 'send'> = {}): Harness {
  const sent: Sent[] = []
  let taken = 0
  const server: TestServer = testServer({
    ...options,
    send: (text, hop, failed) =>
      sent.push({
        text,
        hop,
        atMs: server.clock.monotonicMs(),
        fail: () => failed?.(new Error('connection refused')),
      }),
  })
  const receive = (text: string, source: Hop = caller): void => server.core.receive(Buffer.from(text, 'latin1'), source)
  return {
    ...server,
    sent,
    take: () => {
      const fresh = sent.slice(taken)
      taken = sent.length
      return fresh
    },
    forget: () => {
      sent.length = 0
      taken = 0
    },
    receive,
    answer: (to, status, headers = [], body = '') => receive(responseTo(to.text, status, headers, body), to.hop),
    bind: (user, contact, { q = 1000, flow, path = [], features = '' } = {}) => {
      const addressOfRecord = `sip:${user}@example.test`
      server.store.replace(addressOfRecord, [
        ...server.store.find(addressOfRecord),
        {
          contact,
          callId: contact,
          cseq: 1,
          q,
          expiresAtMs: Number.MAX_SAFE_INTEGER,
          flow,
          path,
          userAgent: '',
          instance: '',
          features,
          source: '',
        },
      ])
    },
  }
}

/** A request of the caller; `headers` replace the usual ones of their name, and an empty one leaves it out. */
export function request(
  method: string,
  uri: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const usual: Record<string, string> = {
    Via: `SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK${method === 'ACK' || method === 'CANCEL' ? 'INVITE' : method}1`,
    'Max-Forwards': '70',
    From: '<sip:ann@example.test>;tag=ann',
    To: '<sip:bob@example.test>',
    'Call-ID': 'call-1',
    CSeq: `1 ${method}`,
    'Content-Length': String(body.length),
  }
  const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, value]) =>
    value === '' ? [] : [`${name}: ${value}`],
  )
  return `${[`${method} ${uri} SIP/2.0`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** The response of a user agent: Via, From, To with a tag, Call-ID, CSeq and Record-Route as they came. */
export function responseTo(sent: string, status: number, headers: readonly string[] = [], body = ''): string {
  const copied = sent
    .slice(0, sent.indexOf('\r\n\r\n'))
    .split('\r\n')
    .slice(1)
    .filter((line) => /^(?:via|v|from|f|to|t|call-id|i|cseq|record-route)\s*:/i.test(line))
    .map((line) => (/^(?:to|t)\s*:/i.test(line) && status > 100 && !/;tag=/.test(line) ? `${line};tag=callee` : line))
  return `SIP/2.0 ${status} Answered\r\n${[...copied, ...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`
}

/** `INVITE` of a request, `200` of a response. */
export function kindOf({ text }: { readonly text: string }): string {
  return text.startsWith('SIP/2.0') ? text.slice(8, 11) : text.slice(0, text.indexOf(' '))
}

export function kindsOf(sent: readonly Sent[]): string[] {
  return sent.map(kindOf)
}

/** The values of all headers of that name. */
export function headers(text: string, name: string): string[] {
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  return [...head.matchAll(new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)\\r?$`, 'gim'))].map(([, value]) => value!)
}

export function requestUriOf({ text }: { readonly text: string }): string {
  return text.split(' ', 2)[1]!
}

/** The n-th contact of bob. */
export const contact = (n: number): string => `sip:bob@203.0.113.${n}`

/** An INVITE for bob at as many contacts; gives the branches that left, and forgets the 100. */
export function fork(proxy: Harness, ...qs: number[]): Sent[] {
  for (const [i, q] of qs.entries()) proxy.bind('bob', contact(i + 1), { q })
  proxy.receive(request('INVITE', 'sip:bob@example.test'))
  const [trying, ...sent] = proxy.take()
  assert.equal(trying && kindOf(trying), '100')
  return sent
}

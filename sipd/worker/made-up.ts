/** Requests of nobody, of every kind that strangers and phones send, and a peer that answers what is forwarded: for WarmUp. */
import type { Hop } from '../message/hop.ts'

/** Nobody has it (RFC 2606). */
export const madeUpDomain = 'castellan.invalid'
const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 8\r\n'

export interface MadeUp {
  readonly text: string
  readonly source: Hop
}

/** Of the addresses for documentation (RFC 5737), as the transport makes it of a datagram. */
function madeUpSource(host: number): Hop {
  return { transport: 'UDP', address: `192.0.2.${host}`, port: 5060, listener: 0, connection: undefined }
}

const phone = madeUpSource(1)
const gateway = madeUpSource(2)
const flooder = madeUpSource(3)
const stranger = madeUpSource(4)

/** Those of one round; the first ones register whom the others call. */
export function madeUpRequests(round: number): MadeUp[] {
  const user = (name: string): string => `sip:${name}@${madeUpDomain}`
  const contact = (source: Hop, more = ''): string => `Contact: <sip:x@${source.address}:5060${more}>;expires=3600`
  const register = (name: string, source: Hop, ...more: string[]): MadeUp =>
    request('REGISTER', `sip:${madeUpDomain}`, source, round, [`To: <${user(name)}>`, ...more])
  const invite = request('INVITE', user('phone'), gateway, round, [contact(gateway)], sdp)
  return [
    register('phone', phone, contact(phone)),
    register(`new${round}`, flooder, contact(flooder)),
    ...(round % 8 === 0
      ? [register(`fat${round}`, stranger, `${contact(stranger)}, ${contact(stranger, ';n=1').slice(9)}`, fat)]
      : []),
    invite,
    invite,
    request('BYE', user(`u${round % 50}`), flooder, round, ['To: <sip:a@b>;tag=1']),
    request('BYE', user('phone'), flooder, round, [], '', ';n=1'),
    request('INVITE', `sip:x@${stranger.address}:9`, stranger, round),
    request('INVITE', user(`nobody${round}`), stranger, round, [], sdp, ';maddr=198.51.100.1'),
    request('OPTIONS', `sip:${madeUpDomain}`, stranger, round),
    request('CANCEL', user('phone'), stranger, round),
    {
      text: `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK${round}\r\nCSeq: 1 OPTIONS\r\n\r\n`,
      source: stranger,
    },
    {
      text: `OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKm${round}\r\nCSeq: x\r\n\r\n`,
      source: stranger,
    },
    { text: '\r\n\r\n', source: stranger },
  ]
}

const fat = `User-Agent: ${'f'.repeat(2000)}`

function request(
  method: string,
  uri: string,
  source: Hop,
  round: number,
  more: readonly string[] = [],
  body = '',
  via = '',
): MadeUp {
  const to = more.some((line) => line.startsWith('To:')) ? [] : [`To: <${uri}>`]
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${source.address}:5060;branch=z9hG4bK${method}${round}.${uri.length}${via}`,
    'Max-Forwards: 70',
    `From: <sip:caller@${madeUpDomain}>;tag=${round}`,
    ...to,
    `Call-ID: ${method}${round}@${source.address}`,
    `CSeq: ${round + 1} ${method}`,
    ...more,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
  ]
  return { text: `${lines.join('\r\n')}\r\n\r\n${body}`, source }
}

/** What the far end says to what was sent there. */
export function madeUpAnswers(text: string, source: Hop): MadeUp[] {
  const method = text.slice(0, text.indexOf(' '))
  if (method === 'INVITE') return [180, 200].map((status) => ({ text: response(text, status), source }))
  if (method === 'SIP/2.0') return endOfCall(text, source)
  return method === 'ACK' ? [] : [{ text: response(text, 200), source }]
}

const copied = /^(?:Via|From|To|Call-ID|CSeq|Record-Route)\s*:/i

function response(text: string, status: number): string {
  const lines = headLines(text)
    .filter((line) => copied.test(line))
    .map((line) => (/^To\s*:/i.test(line) && !line.includes(';tag=') ? `${line};tag=callee` : line))
  const contact = `Contact: <sip:x@${phone.address}:5060>`
  const body = status === 200 && text.startsWith('INVITE') ? sdp : ''
  return `SIP/2.0 ${status} Answered\r\n${[...lines, contact, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`
}

/** ACK and BYE, by way of the Record-Route in reverse. */
function endOfCall(text: string, source: Hop): MadeUp[] {
  const lines = headLines(text)
  const named = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}:`))
  const [cseq = ''] = named('CSeq')
  if (!text.startsWith('SIP/2.0 200') || !cseq.endsWith('INVITE')) return []
  const route = named('Record-Route')
    .reverse()
    .map((line) => line.replace('Record-', ''))
  const number = /\d+/.exec(cseq)?.[0]
  return ['ACK', 'BYE'].map((method, i) => {
    const via = `Via: SIP/2.0/UDP ${source.address}:5060;branch=z9hG4bK${method}call${number}`
    const own = [via, 'Max-Forwards: 70', ...route, ...named('From'), ...named('To'), ...named('Call-ID')]
    const end = [`CSeq: ${Number(number) + i} ${method}`, 'Content-Length: 0']
    return { text: `${method} sip:x@${phone.address}:5060 SIP/2.0\r\n${[...own, ...end].join('\r\n')}\r\n\r\n`, source }
  })
}

function headLines(text: string): string[] {
  return text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n').slice(1)
}

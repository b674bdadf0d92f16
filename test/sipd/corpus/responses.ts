/** Responses, which a proxy brings back whatever is in them. */
import type { CorpusResponse } from './corpus.ts'

export const responses: readonly CorpusResponse[] = [
  {
    of: 'Cisco IOS: Date, Remote-Party-ID, a reason in capitals',
    startLine: 'SIP/2.0 183 SESSION PROGRESS',
    lines: [
      'Date: Tue, 4 Mar 2025 09:10:11 GMT',
      'Remote-Party-ID: <sip:2@203.0.113.5>;party=called;screen=no;privacy=off',
      'Server: Cisco-SIPGateway/IOS-12.x',
    ],
  },
  { of: 'a gateway that says nothing but the status', startLine: 'SIP/2.0 180', lines: [] },
  {
    of: 'a phone that answers in another language',
    startLine: 'SIP/2.0 180 Es läutet',
    lines: ['User-Agent: Téléphone/1.0'],
  },
  {
    of: 'Sonus: two Reasons, Q.850 in lower case',
    startLine: 'SIP/2.0 480 Temporarily Unavailable',
    lines: ['Reason: q.850;cause=18;text="No user responding"', 'Reason: SIP;cause=480'],
  },
  {
    of: 'a carrier with a Warning that is not of the grammar',
    startLine: 'SIP/2.0 488 Not Acceptable Here',
    lines: ['Warning: 304 Media type not available'],
  },
  {
    of: 'a busy phone with a Retry-After and a comment that is not closed',
    startLine: 'SIP/2.0 486 Busy Here',
    lines: ['Retry-After: 30 (in a meeting'],
  },
  {
    of: 'an attendant that moves the call to a number',
    startLine: 'SIP/2.0 302 Moved Temporarily',
    lines: ['Contact: "unknown" tel:+15550140', 'Diversion: <sip:2@203.0.113.5>;reason=no-answer'],
  },
  {
    of: 'a PBX with a Contact of all that it has',
    startLine: 'SIP/2.0 200 OK',
    lines: [
      'm:<sip:34098f8f@8r1po5314s38.invalid;transport=ws>;expires=600,<sip:PBX#1000#5550141@203.0.113.5>;expires=2519533,Date:Thu',
      'Allow:INVITE,,ACK',
      'k:timer,path,replaces',
    ],
  },
  {
    of: 'a server whose header has no colon',
    startLine: 'SIP/2.0 200 OK',
    lines: ['Server Edge 7', 'Contact: <sip:2@203.0.113.5>'],
  },
  {
    of: 'an answer with an empty Supported and a folded Allow',
    startLine: 'SIP/2.0 200 OK',
    lines: ['Supported:', 'Allow: INVITE,\n  ACK,\n\tBYE', 'Contact: <sip:2@203.0.113.5>'],
    body: 'v=0\n',
  },
  {
    of: 'a challenge with algorithms in one line',
    startLine: 'SIP/2.0 407 Proxy Authentication Required',
    lines: [
      'Proxy-Authenticate: Digest realm="a, b",nonce="n",algorithm=MD5,qop="auth", Digest realm="c",nonce="m",algorithm=SHA-256',
    ],
  },
  {
    of: 'a 603 with its own words',
    startLine: 'SIP/2.0 603 Declined "busy"',
    lines: ['Error-Info: <sip:announcement@203.0.113.5>'],
  },
]

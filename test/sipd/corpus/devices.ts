/** Of small devices, and of phones with faults that nobody should pass on. */
import { type CorpusMessage, sip } from './corpus.ts'

export const devices: readonly CorpusMessage[] = [
  {
    of: 'a door phone: no Max-Forwards and no Content-Length, as RFC 2543 had it',
    verdict: 'passes',
    isOfDatagrams: true,
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1
From: sip:door@example.test
To: sip:203.0.113.5
Call-ID: 17@198.51.100.1
CSeq: 1 OPTIONS`),
  },
  {
    of: 'a DECT base: a host with _ in From and Via',
    verdict: 'passes',
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP dect_base_2:5060;branch=z9hG4bKdect
From: <sip:handset3@dect_base_2>;tag=1
To: <sip:203.0.113.5>
Call-ID: dect@dect_base_2
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0`),
  },
  {
    of: 'a soft phone that sends a comma in a name without quotes',
    verdict: [400, 'nobody can tell one value from two (RFC 4475 §3.1.2.15)'],
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKcomma
From: Lee, Ann <sip:ann@example.test>;tag=1
To: <sip:203.0.113.5>
Call-ID: comma
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0`),
  },
  {
    of: 'an adapter whose lines end with LF',
    verdict: [400, 'where one server sees the end of a head another does not'],
    isOfDatagrams: true,
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKlf
From: <sip:ann@example.test>;tag=1
To: <sip:203.0.113.5>
Call-ID: lf
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0`).replaceAll('\r\n', '\n'),
  },
  {
    of: 'a phone that writes its name with a NUL at the end',
    verdict: [400, 'a control ends a string for some'],
    isOfDatagrams: true,
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKnul
From: "Ann\0" <sip:ann@example.test>;tag=1
To: <sip:203.0.113.5>
Call-ID: nul
CSeq: 1 OPTIONS
Max-Forwards: 70
Content-Length: 0`),
  },
  {
    of: 'a phone with a bug in its Content-Length',
    verdict: [400, 'the body is shorter than it says (RFC 3261 §18.3)'],
    isOfDatagrams: true,
    text: sip(
      `
MESSAGE sip:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKcl
From: <sip:ann@example.test>;tag=1
To: <sip:bob@203.0.113.5>
Call-ID: cl
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain
Content-Length: 50`,
      'short',
    ),
  },
]

/** REGISTERs, which the registrar reads to their Contact; `passes` means that they are accepted. */
import { type CorpusMessage, sip } from './corpus.ts'

const register = (of: string, verdict: CorpusMessage['verdict'], ...lines: readonly string[]): CorpusMessage => ({
  of,
  verdict,
  text: sip(
    [
      'REGISTER sip:example.test SIP/2.0',
      'Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKreg;rport',
      'From: <sip:1001@example.test>;tag=reg',
      'To: <sip:1001@example.test>',
      'Call-ID: reg@198.51.100.1',
      'CSeq: 7 REGISTER',
      'Max-Forwards: 70',
      ...lines,
      'Content-Length: 0',
    ].join('\n'),
  ),
})

export const registrations: readonly CorpusMessage[] = [
  register(
    'Cisco 7960: Contact with user=phone and its +sip.instance, Date of one digit',
    'passes',
    'Date: Tue, 4 Mar 2025 09:10:11 GMT',
    'Contact: <sip:1001@198.51.100.1:5060;user=phone;transport=udp>;+sip.instance="<urn:uuid:00000000-0000-0000-0000-000f8f0a1b2c>";+u.sip!model.ccm.cisco.com="7"',
    'Expires: 3600',
    'Supported: (null),X-cisco-xsi-7.0.1',
  ),
  register(
    'Snom: flow-timer and audio parameters without a value, q with three digits',
    'passes',
    'Contact: <sip:1001@198.51.100.1:2048;line=abc>;reg-id=1;q=1.000;+sip.instance="<urn:uuid:1>";audio;mobility="fixed";duplex="full";description="snom370";actor="principal";events="dialog";methods="INVITE,ACK"',
    'Expires: 3600',
    'WWW-Contact: <http://198.51.100.1:80>',
  ),
  register(
    'Polycom: methods in quotes with commas, and no Expires',
    'passes',
    'Contact: <sip:1001@198.51.100.1>;methods="INVITE, ACK, BYE, CANCEL, OPTIONS"',
  ),
  register(
    'Grandstream: Contact with a name, reg-id=0 and an instance',
    'passes',
    'Contact: "Zoë" <sip:1001@198.51.100.1:5060>;reg-id=0;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000B82000001>"',
    'Expires: 3600',
  ),
  register(
    'a soft phone that takes its old contact back and gives a new one in one request',
    'passes',
    'Contact: <sip:1001@198.51.100.1:40000;rinstance=a>;expires=0',
    'Contact: <sip:1001@198.51.100.1:40001;rinstance=b>;expires=600',
  ),
  register(
    'a phone that names one contact twice',
    'passes',
    'Contact: <sip:1001@198.51.100.1:5060>;expires=600, <sip:1001@198.51.100.1:5060>;expires=600',
  ),
  register(
    'an adapter with a feature code as its user',
    'passes',
    'Contact: <sip:*31#@198.51.100.1:5060>',
    'Expires: 600',
  ),
  register('a phone whose Expires is a word', 'passes', 'Contact: sip:1001@198.51.100.1', 'Expires: never'),
  register('a query, with no Contact', 'passes', 'Expires: 3600'),
  register('everything taken back', 'passes', 'Contact: *', 'Expires: 0'),
  register(
    'a phone that asks for a minute too little',
    [423, 'below RegistrarMinExpires'],
    'Contact: <sip:1001@198.51.100.1>',
    'Expires: 10',
  ),
  register('* with a time', [400, 'RFC 3261 §10.2.2'], 'Contact: *', 'Expires: 60'),
  register('a tel: contact', [400, 'no request can be sent there'], 'Contact: <tel:+15550139>', 'Expires: 60'),
  register('a Contact without a scheme', [400, 'no URI'], 'Contact: 1001@198.51.100.1', 'Expires: 60'),
  register('an empty Contact', [400, 'it says neither what nor that nothing is meant'], 'Contact:', 'Expires: 60'),
  register(
    'an extension that nobody has',
    [420, 'Require is for the registrar'],
    'Contact: <sip:1001@198.51.100.1>',
    'Require: gruu2',
  ),
]

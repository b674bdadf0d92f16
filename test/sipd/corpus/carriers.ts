/** Of carriers and their session border controllers. */
import { type CorpusMessage, sip } from './corpus.ts'

export const carriers: readonly CorpusMessage[] = [
  {
    of: 'an IMS core: two P-Asserted-Identity, charging headers, and a tel: To',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550110@203.0.113.5;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKg3Zqkv7iabcdefghijklmnop1T0U20
Max-Forwards: 58
From: <sip:+15550111@ims.example.test;user=phone>;tag=h7g4Esbg_p65541t1741079411m1c1s1
To: <tel:+15550110;phone-context=ims.example.test>
Call-ID: p65541t1741079411m1c1s2
CSeq: 1 INVITE
Contact: <sip:sgc_c@198.51.100.1;transport=udp>;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel"
P-Asserted-Identity: <sip:+15550111@ims.example.test;user=phone;cpc=ordinary>
P-Asserted-Identity: <tel:+15550111;cpc=ordinary>
P-Charging-Vector: icid-value=sgc1.ims-0;icid-generated-at=198.51.100.1;orig-ioi=ims.example.test
P-Early-Media: supported
P-Visited-Network-ID: "Visited network, 1"
Accept: application/sdp,application/3gpp-ims+xml
Recv-Info: x-g.3gpp.bar
Session-Expires: 1800;refresher=uac
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'a carrier with Diversion: names right before their brackets, two in a line, quoted reason',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550112@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKdiv
Max-Forwards: 65
From: "15550113"<sip:15550113@198.51.100.1>;tag=div1
To: <sip:15550112@203.0.113.5>
Call-ID: div@198.51.100.1
CSeq: 1 INVITE
Contact: <sip:15550113@198.51.100.1:5060>
Diversion: "15550114"<sip:15550114@198.51.100.1:5060>;reason=unconditional;privacy=off;counter=1,"555"<sip:555@198.51.100.1>;reason="user-busy",
CC-Diversion: <sip:15550114@198.51.100.1>;reason=unknown
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'a carrier with empty parameters in From: isup-oli=, and a ; at the end',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550115@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKoli
Max-Forwards: 65
From: <sip:15550116@198.51.100.1;user=phone>;isup-oli=;tag=oli1;
To: <sip:15550115@203.0.113.5>;
Call-ID: oli@198.51.100.1
CSeq: 1 INVITE
Contact: <sip:15550116@198.51.100.1:5060>
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Oracle SBC: escaped parameters in the Contact, SDP without Content-Disposition, Call-ID with !',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550117@203.0.113.5:5060;transport=udp SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKabc1230d10jb8hk0i1.1
From: "+15550118" <sip:+15550118@198.51.100.1:5060;user=phone>;tag=SDabc1201-0a1b2c
To: <sip:+15550117@203.0.113.5:5060;user=phone>
Call-ID: SDabc1201-0a1b2c3d4e5f60718293a4b5c6d7e8f9!aa-v3000i1
CSeq: 1 INVITE
Contact: <sip:+15550118@198.51.100.1:5060;dtg=TRUNK%5F1;transport=udp>
Max-Forwards: 67
Session-Expires: 1800; refresher=uac
Min-SE: 90
Supported: timer
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Ribbon SBC: number in a user with ; and parameters (tgrp, trunk-context)',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550119;npdi=yes;rn=+15550100@203.0.113.5:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK0cB1a2b3c4d5e6f7a8b
From: "ANN LEE" <sip:+15550120;cpc=ordinary@198.51.100.1;isup-oli=00>;tag=gK0c1a2b3c
To: <sip:+15550119@203.0.113.5>
Call-ID: 201392645_12345678@198.51.100.1
CSeq: 123456 INVITE
Max-Forwards: 70
Allow: INVITE,ACK,CANCEL,BYE,REGISTER,REFER,INFO,SUBSCRIBE,NOTIFY,PRACK,UPDATE,OPTIONS
Contact: <sip:+15550120;tgrp=TG1;trunk-context=example.test@198.51.100.1:5060>
P-Asserted-Identity: "ANN LEE" <sip:+15550120@198.51.100.1:5060>
Supported: timer,100rel,precondition
Content-Type: application/sdp
Content-Disposition: session; handling=optional
Content-Length: LENGTH`),
  },
  {
    of: 'BroadWorks: its own content types, X-BroadWorks headers, Via of the name of a host with _',
    verdict: 'passes',
    text: sip(`
INVITE sip:2011@203.0.113.5:5060;user=phone SIP/2.0
Via:SIP/2.0/UDP as_1.example.test:5060;branch=z9hG4bKBroadWorks.1gn0q1r-203.0.113.5V5060-0-123456789-1234567890-1741079411123-
From:"Ann Lee"<sip:1011@as_1.example.test;user=phone>;tag=1234567890-1741079411123-
To:"Bob"<sip:2011@203.0.113.5>
Call-ID:BW091011123040325-123456789@198.51.100.1
CSeq:123456789 INVITE
Contact:<sip:198.51.100.1:5060>
Privacy:none
Max-Forwards:10
X-BroadWorks-DNC:network-address="sip:1011@198.51.100.1:5060";user-id="1011@example.test"
X-BroadWorks-Correlation-Info:0a1b2c3d-4e5f-6071
Recv-Info:x-broadworks-client-session-info
Content-Type:application/sdp
Content-Length:LENGTH`),
  },
  {
    of: 'STIR: an Identity header of more than a thousand octets',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550121@203.0.113.5 SIP/2.0
Via: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bKstir
Max-Forwards: 68
From: <sip:+15550122@example.test>;tag=stir
To: <sip:+15550121@203.0.113.5>
Call-ID: stir
CSeq: 1 INVITE
Contact: <sip:+15550122@198.51.100.1>
Date: Tue, 04 Mar 2025 09:10:11 GMT
Identity: ${'eyJhbGciOiJFUzI1NiIsInBwdCI6InNoYWtlbiJ9'.repeat(30)};info=<https://cert.example.test/c.pem>;alg=ES256;ppt=shaken
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'SIP-I: a multipart body with an ISUP part of any octets',
    verdict: 'passes',
    text: sip(
      `
INVITE sip:+15550123@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKisup
Max-Forwards: 68
From: <sip:+15550124@198.51.100.1>;tag=isup
To: <sip:+15550123@203.0.113.5>
Call-ID: isup
CSeq: 1 INVITE
Contact: <sip:+15550124@198.51.100.1>
MIME-Version: 1.0
Content-Type: multipart/mixed;boundary=unique-boundary-1
Content-Length: LENGTH`,
      '--unique-boundary-1\nContent-Type: application/ISUP;version=itu-t92+;base=itu-t92+\nContent-Disposition: signal;handling=optional\n\n\x01\x00\x49\x00\x00\x03\x02\n--unique-boundary-1--\n',
    ),
  },
  {
    of: 'a carrier with the date of its own form',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550125@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKdate
Max-Forwards: 68
From: <sip:15550126@198.51.100.1>;tag=date
To: <sip:15550125@203.0.113.5>
Call-ID: date
CSeq: 1 INVITE
Date: Tuesday, 4-Mar-2025 10:10:11 +0100
Contact: <sip:15550126@198.51.100.1>
Content-Length: 0`),
  },
  {
    of: 'a carrier whose header has no colon, after an upgrade',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550127@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKcolon
Max-Forwards: 68
From: <sip:15550128@198.51.100.1>;tag=colon
To: <sip:15550127@203.0.113.5>
Call-ID: colon
CSeq: 1 INVITE
X-Trunk-Group TG7
Contact: <sip:15550128@198.51.100.1>
Content-Length: 0`),
  },
  {
    of: 'a carrier that leaves its Contact empty',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550129@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKnocontact
Max-Forwards: 68
From: <sip:15550130@198.51.100.1>;tag=nc
To: <sip:15550129@203.0.113.5>
Call-ID: nc
CSeq: 1 INVITE
Contact:
Content-Length: 0`),
  },
  {
    of: 'P-Asserted-Identity folded over two lines with a tab',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550131@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKfold
Max-Forwards: 68
From: <sip:15550132@198.51.100.1>;tag=fold
To: <sip:15550131@203.0.113.5>
Call-ID: fold
CSeq: 1 INVITE
P-Asserted-Identity: <sip:+15550132@example.test>,
\t<tel:+15550132>
Contact: <sip:15550132@198.51.100.1>
Content-Length: 0`),
  },
  {
    of: 'a trunk that keeps alive with OPTIONS of one letter and no user anywhere',
    verdict: 'passes',
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKk
f: sip:198.51.100.1;tag=k
t: sip:203.0.113.5
i: k
CSeq: 0 OPTIONS
Max-Forwards: 1
l: 0`),
  },
  {
    of: 'a CANCEL with two reasons of two protocols, for no call that is known here',
    verdict: [481, 'there is nothing to cancel (RFC 3261 §9.2)'],
    text: sip(`
CANCEL sip:15550133@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKcancel
Max-Forwards: 68
From: <sip:15550134@198.51.100.1>;tag=cancel
To: <sip:15550133@203.0.113.5>
Call-ID: cancel
CSeq: 1 CANCEL
Reason: X.int;reasoncode=0x0000030A;add-info=068C.0001.0001
Reason: SIP;cause=200;text="Call completed elsewhere"
Content-Length: 0`),
  },
  {
    of: 'an SBC that wrote a " into the Request-URI',
    verdict: [400, 'no URI has it, and it would end one'],
    text: sip(`
BYE sip:198.51.100.9:5060;thinfo="VG8+=" SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKquote
Max-Forwards: 68
From: <sip:15550135@198.51.100.1>;tag=q
To: <sip:15550136@203.0.113.5>;tag=q2
Call-ID: quote
CSeq: 2 BYE
Content-Length: 0`),
  },
  {
    of: 'an SBC that repeats Call-ID',
    verdict: [400, 'nobody knows which call it is'],
    text: sip(`
INVITE sip:15550137@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKtwice
Max-Forwards: 68
From: <sip:15550138@198.51.100.1>;tag=t
To: <sip:15550137@203.0.113.5>
Call-ID: twice
Call-ID: twice
CSeq: 1 INVITE
Content-Length: 0`),
  },
  {
    of: 'a load balancer that counts CSeq beyond 31 bits',
    verdict: [400, 'RFC 3261 §8.1.1.5'],
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKcseq
Max-Forwards: 68
From: <sip:lb@198.51.100.1>;tag=t
To: <sip:203.0.113.5>
Call-ID: cseq
CSeq: 4294967295 OPTIONS
Content-Length: 0`),
  },
]

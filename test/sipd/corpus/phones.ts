/** Of desk phones, soft phones and adapters. */
import { type CorpusMessage, sip } from './corpus.ts'

export const phones: readonly CorpusMessage[] = [
  {
    of: 'Cisco 7960: Remote-Party-ID, Date with a day of one digit, folded Allow',
    verdict: 'passes',
    text: sip(`
INVITE sip:2001@203.0.113.5;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK1a2b3c4d
From: "Desk 1001" <sip:1001@198.51.100.1>;tag=000f8f0a1b2c0002-1d2e3f40
To: <sip:2001@203.0.113.5;user=phone>
Call-ID: 000f8f0a-1b2c0003-4d5e6f70-11223344@198.51.100.1
Max-Forwards: 70
Date: Tue, 4 Mar 2025 09:10:11 GMT
CSeq: 101 INVITE
User-Agent: Cisco-CP7960G/8.0
Contact: <sip:1001@198.51.100.1:5060;transport=udp>
Expires: 180
Accept: application/sdp
Allow: ACK,BYE,CANCEL,INVITE,NOTIFY,OPTIONS,
 REFER,REGISTER,UPDATE
Supported: replaces,join,norefersub
Remote-Party-ID: "Desk 1001" <sip:1001@198.51.100.1>;party=calling;id-type=subscriber;privacy=off;screen=yes
Content-Length: LENGTH
Content-Type: application/sdp
Content-Disposition: session;handling=optional`),
  },
  {
    of: 'Cisco 7941 after a 302: doubled quotes in To',
    verdict: 'passes',
    text: sip(`
INVITE sip:2002@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK5e6f7a8b
From: "Desk 1002" <sip:1002@198.51.100.1>;tag=001b2c3d4e5f0007-0aa1bb2c
To: ""unknown"" <sip:2002@203.0.113.5>
Call-ID: 001b2c3d-4e5f0008-22334455-66778899@198.51.100.1
Max-Forwards: 70
CSeq: 101 INVITE
Contact: <sip:1002@198.51.100.1:5060;transport=udp>
Content-Length: LENGTH
Content-Type: application/sdp`),
  },
  {
    of: 'Cisco SPA504G: a display name without quotes, and its own headers',
    verdict: 'passes',
    text: sip(`
INVITE sip:2003@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-1f2e3d4c;rport
From: Front Desk <sip:1003@example.test>;tag=5a6b7c8d9eo0
To: <sip:2003@203.0.113.5>
Remote-Party-ID: Front Desk <sip:1003@example.test>;screen=yes;party=calling
Call-ID: a1b2c3d4-e5f60718@198.51.100.1
CSeq: 101 INVITE
Max-Forwards: 70
Contact: Front Desk <sip:1003@198.51.100.1:5060>
Expires: 240
User-Agent: Cisco/SPA504G-7.6.2
Allow-Events: dialog
Content-Length: LENGTH
Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, PRACK, REFER, UPDATE
Supported: replaces
Content-Type: application/sdp`),
  },
  {
    of: 'Linksys PAP2: a header name with a slash, and a Contact of address and port alone',
    verdict: 'passes',
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5061;branch=z9hG4bK-99aabb
From: <sip:1004@example.test>;tag=deadbeefo1
To: <sip:203.0.113.5>
Call-ID: 77665544-33221100@198.51.100.1
CSeq: 102 OPTIONS
Max-Forwards: 70
Contact: 198.51.100.1:5061
User-Agent: Linksys/PAP2T-5.1.6(LS)
P-Station/Name: lobby
Content-Length: 0`),
  },
  {
    of: 'Polycom SoundPoint: Accept-Language, transport=udp in To, Alert-Info without brackets',
    verdict: 'passes',
    text: sip(`
INVITE sip:2004@203.0.113.5;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK8c7d6e5f4A3B2C1D
From: "Room 4" <sip:1005@example.test>;tag=A1B2C3D4-E5F60718
To: <sip:2004@203.0.113.5;user=phone;transport=udp>
CSeq: 1 INVITE
Call-ID: 4f3e2d1c-0b1a2938-47566574@198.51.100.1
Contact: <sip:1005@198.51.100.1>
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, SUBSCRIBE, NOTIFY, PRACK, UPDATE, REFER
User-Agent: PolycomSoundPointIP-SPIP_550-UA/4.0.14
Accept-Language: en
Alert-Info: Ring Answer
Supported: 100rel,replaces
Allow-Events: conference,talk,hold
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Polycom VVX: SUBSCRIBE for presence with an empty Accept-Encoding',
    verdict: 'passes',
    text: sip(`
SUBSCRIBE sip:2005@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKvvx1
From: "Room 5" <sip:1006@example.test>;tag=11AA22BB-33CC44DD
To: <sip:2005@203.0.113.5>
CSeq: 1 SUBSCRIBE
Call-ID: vvx-1-sub@198.51.100.1
Contact: <sip:1006@198.51.100.1:5060>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-0004f2000001>"
Event: presence
User-Agent: PolycomVVX-VVX_411-UA/5.9.0
Accept: application/pidf+xml
Accept-Encoding:
Max-Forwards: 70
Expires: 3600
Content-Length: 0`),
  },
  {
    of: 'Yealink T46: a header name with a slash, Allow with a comma at its end',
    verdict: 'passes',
    text: sip(`
INVITE sip:2006@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK1357913579
From: "Ann" <sip:1007@example.test>;tag=2468024680
To: <sip:2006@203.0.113.5>
Call-ID: 0_1357924680@198.51.100.1
CSeq: 1 INVITE
Contact: <sip:1007@198.51.100.1:5060>
Content-Type: application/sdp
Allow: INVITE, INFO, PRACK, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REGISTER, SUBSCRIBE, REFER, PUBLISH, UPDATE, MESSAGE,
Max-Forwards: 70
User-Agent: Yealink SIP-T46G 28.83.0.50
Supported: replaces
Allow-Events: talk,hold,conference,refer,check-sync
P-Early-Media: supported
X-Line/Key: 3
Content-Length: LENGTH`),
  },
  {
    of: 'Yealink T2x: # of a feature code in the Request-URI and To',
    verdict: 'passes',
    text: sip(`
INVITE sip:*72#2007@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5062;branch=z9hG4bK2020202020
From: "Ann" <sip:1007@example.test>;tag=3030303030
To: <sip:*72#2007@203.0.113.5>
Call-ID: 1_4040404040@198.51.100.1
CSeq: 1 INVITE
Contact: <sip:1007@198.51.100.1:5062>
Max-Forwards: 70
User-Agent: Yealink SIP-T23G 44.84.0.15
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Snom 370: quoted line parameter, X-Serialnumber, P-Key-Flags quoted',
    verdict: 'passes',
    text: sip(`
INVITE sip:2008@203.0.113.5;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:2048;branch=z9hG4bK-a1b2c3d4e5f6;rport
From: "Bob" <sip:1008@example.test>;tag=z9y8x7w6v5
To: <sip:2008@203.0.113.5;user=phone>
Call-ID: 3c2670091a2b-c3d4e5f60718
CSeq: 1 INVITE
Max-Forwards: 70
Contact: <sip:1008@198.51.100.1:2048;line=q1w2e3r4>;reg-id=1
X-Serialnumber: 000413000001
P-Key-Flags: resolution="31x13", keys="4"
User-Agent: snom370/8.7.5.35
Accept: application/sdp
Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, INFO, UPDATE
Allow-Events: talk, hold, refer, call-info
Supported: timer, 100rel, replaces, from-change
Session-Expires: 3600;refresher=uas
Min-SE: 90
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Grandstream GXP: UTF-8 without quotes in From, X-Grandstream-PBX, Content-Length at the end',
    verdict: 'passes',
    text: sip(`
INVITE sip:2009@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK606060606;rport
From: Zoë Müller <sip:1009@example.test>;tag=707070707
To: <sip:2009@203.0.113.5>
Call-ID: 808080808-5060-3@BJC.BGI.A.BB
CSeq: 30 INVITE
Contact: "Zoë Müller" <sip:1009@198.51.100.1:5060>
X-Grandstream-PBX: true
Max-Forwards: 70
User-Agent: Grandstream GXP2160 1.0.9.132
Privacy: none
P-Preferred-Identity: Zoë Müller <sip:1009@example.test>
P-Access-Network-Info: IEEE-EUI-48; eui-48-addr=00-0B-82-00-00-01
Supported: replaces, path, timer
Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, SUBSCRIBE, NOTIFY, INFO, REFER, UPDATE
Content-Type: application/sdp
Accept: application/sdp, application/dtmf-relay
Content-Length: LENGTH`),
  },
  {
    of: 'Grandstream HT: `rport=` without a value',
    verdict: 'passes',
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK909090;rport=
From: <sip:1010@example.test>;tag=111222333
To: <sip:203.0.113.5>
Call-ID: ht-1@198.51.100.1
CSeq: 20 OPTIONS
Max-Forwards: 70
User-Agent: Grandstream HT801 1.0.17.5
Content-Length: 0`),
  },
  {
    of: 'Linphone: UTF-8 in quotes, instance and specs in Contact, addresses without brackets',
    verdict: 'passes',
    text: sip(
      `
MESSAGE sip:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:36000;branch=z9hG4bK.lin-pho~ne;rport
From: "Ænn" <sip:ann@example.test>;tag=tAg~1.x
To: sip:bob@203.0.113.5
CSeq: 20 MESSAGE
Call-ID: LinPhone01
Max-Forwards: 70
Supported: replaces, outbound, gruu, path, record-aware
Contact: <sip:ann@198.51.100.1:36000;transport=udp>;+sip.instance="<urn:uuid:11111111-2222-3333-4444-555555555555>";+org.linphone.specs="groupchat/1.1,ephemeral"
Content-Type: text/plain
Content-Length: 5
User-Agent: LinphoneAndroid/5.2.3 (Phone) LinphoneSDK/5.3.26`,
      'hello',
    ),
  },
  {
    of: 'baresip: everything in order, and a tag of hexadecimal digits',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:48213;branch=z9hG4bKab12cd34;rport
Contact: <sip:ann-0x55aa55@198.51.100.1:48213>
Max-Forwards: 70
To: <sip:bob@203.0.113.5>
From: "ann" <sip:ann@example.test>;tag=0123456789abcdef
Call-ID: 00112233445566aa
CSeq: 5432 INVITE
User-Agent: baresip v3.10.1 (x86_64/linux)
Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,UPDATE,REFER
Supported: gruu,replaces,norefersub
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'X-Lite: rinstance in the Contact, compact headers in capitals',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5 SIP/2.0
V: SIP/2.0/UDP 198.51.100.1:17000;branch=z9hG4bK-d8754z-1a2b-1---d8754z-;rport
Max-Forwards: 70
M: <sip:ann@198.51.100.1:17000;rinstance=1f2e3d4c5b6a>
T: "bob"<sip:bob@203.0.113.5>
F: "ann"<sip:ann@example.test>;tag=4d5e6f70
I: NWM3ZDhlOWYwYTFi.
CSeq: 1 INVITE
K: replaces
C: application/sdp
User-Agent: X-Lite release 5.0.0 stamp 67284
L: LENGTH`),
  },
  {
    of: 'Zoiper: transport in capitals, in the Request-URI and in From',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5;transport=UDP SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:40001;branch=z9hG4bK-524287-1---0a1b2c3d4e5f;rport
Max-Forwards: 70
Contact: <sip:ann@198.51.100.1:40001;transport=UDP>
To: <sip:bob@203.0.113.5;transport=UDP>
From: <sip:ann@example.test;transport=UDP>;tag=9f8e7d6c
Call-ID: zOIPeR..
CSeq: 1 INVITE
User-Agent: Zoiper rv2.10.18.6
Allow-Events: presence, kpml, talk
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Gigaset: empty display name, blanks around the parameters of From',
    verdict: 'passes',
    text: sip(`
INVITE sip:2010@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKgiga1;rport
From: "" <sip:1011@example.test> ; tag=1234567890
To: "" <sip:2010@203.0.113.5>
Call-ID: 1234567890@198_51_100_1
CSeq: 4 INVITE
Contact: <sip:1011@198.51.100.1:5060>
Max-Forwards: 70
User-Agent: N510 IP PRO/42.250.00.000.000
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'AVM FRITZ!Box: P-Preferred-Identity, and a URI parameter uniq in Contact',
    verdict: 'passes',
    text: sip(`
INVITE sip:030555010@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK0F1E2D3C4B5A
From: <sip:49305550100@example.test>;tag=AABBCCDD
To: <sip:030555010@203.0.113.5>
Call-ID: F00DF00D@198.51.100.1
CSeq: 32 INVITE
Contact: <sip:49305550100@198.51.100.1;uniq=0123456789ABCDEF0123456789ABC>
Max-Forwards: 70
Expires: 120
User-Agent: FRITZ!OS
P-Preferred-Identity: <sip:49305550100@example.test>
Supported: 100rel,replaces,timer
Allow-Events: telephone-event,refer
Content-Type: application/sdp
Accept: application/sdp, multipart/mixed
Accept-Encoding: identity
Content-Length: LENGTH`),
  },
  {
    of: 'Office Communicator: epid before the tag, and ms-keep-alive',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/TCP 198.51.100.1:50123;branch=z9hG4bKms1
Max-Forwards: 70
From: <sip:ann@example.test>;tag=0a1b2c3d4e;epid=5f6a7b8c9d
To: "" <sip:bob@203.0.113.5>;epid=a22edc020e
Call-ID: 11aa22bb33cc44dd55ee66ff77889900
CSeq: 1 INVITE
Contact: <sip:ann@example.test;opaque=user:epid:0A1B2C3D4E5F;gruu>
User-Agent: UCCAPI/16.0.13001.10000 OC/16.0.13029.20200
Ms-Conversation-ID: AdXyZ==
ms-keep-alive: UAC;hop-hop=yes
ms-endpoint-location-data: NetworkScope;ms-media-location-type=Intranet
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
]

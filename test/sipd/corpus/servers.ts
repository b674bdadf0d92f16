/** Of gateways, PBXes and other proxies. */
import { type CorpusMessage, sip } from './corpus.ts'

export const servers: readonly CorpusMessage[] = [
  {
    of: 'Asterisk chan_sip: Date in GMT, X-Asterisk headers, an anonymous caller',
    verdict: 'passes',
    text: sip(`
INVITE sip:2001@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK6f5e4d3c;rport
Max-Forwards: 70
From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=as1a2b3c4d
To: <sip:2001@203.0.113.5:5060>
Contact: <sip:1001@198.51.100.1:5060>
Call-ID: 0a1b2c3d4e5f60718293a4b5c6d7e8f9@198.51.100.1:5060
CSeq: 102 INVITE
User-Agent: Asterisk PBX 13.38.3
Date: Mon, 03 Mar 2025 09:10:11 GMT
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE
Supported: replaces, timer
X-Asterisk-HangupCause: Normal Clearing
X-Asterisk-HangupCauseCode: 16
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Asterisk PJSIP: rport first, two blanks before a number',
    verdict: 'passes',
    text: sip(`
OPTIONS sip:203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;rport;branch=z9hG4bKPja1b2c3d4-e5f6-0718-2a3b-4c5d6e7f8091
From: <sip:trunk@198.51.100.1>;tag=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
To: <sip:203.0.113.5>
Contact: <sip:trunk@198.51.100.1:5060>
Call-ID: 5a4b3c2d-1e0f-4a5b-8c7d-6e5f4a3b2c1d
CSeq: 12345 OPTIONS
Max-Forwards: 70
User-Agent: FPBX-16.0.40(18.13.0)
Content-Length:  0`),
  },
  {
    of: 'FreeSWITCH: a Contact of a gateway with a parameter of its own, X-FS-Support',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550100@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5080;rport;branch=z9hG4bKpe0N1pKQ7tv8c
Max-Forwards: 69
From: "Extension 1000" <sip:1000@198.51.100.1>;tag=8yQ2ZmH5a1Kvc
To: <sip:15550100@203.0.113.5>
Call-ID: 1b2c3d4e-5f60-1238-a1b2-000c29000001
CSeq: 46123456 INVITE
Contact: <sip:gw+carrier@198.51.100.1:5080;transport=udp;gw=carrier>
User-Agent: FreeSWITCH-mod_sofia/1.10.11-release~64bit
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REFER, NOTIFY
Supported: timer, path, replaces
Allow-Events: talk, hold, conference, refer
Content-Type: application/sdp
Content-Disposition: session
Content-Length: LENGTH
X-FS-Support: update_display,send_info
Remote-Party-ID: "Extension 1000" <sip:1000@198.51.100.1>;party=calling;screen=yes;privacy=off`),
  },
  {
    of: 'Kamailio: two Record-Routes in one line and a second Via, with parameters of its own',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5 SIP/2.0
Record-Route: <sip:198.51.100.1;r2=on;lr=on;ftag=abc;did=b3e.1f71>,<sip:198.51.100.1:5061;transport=tls;r2=on;lr=on;ftag=abc;did=b3e.1f71>
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK9e8d.7c6b5a49382716050f4e3d2c.0
Via: SIP/2.0/TLS 192.168.10.20:50000;received=198.51.100.77;rport=50000;branch=z9hG4bK-phone
Max-Forwards: 69
From: <sip:ann@example.test>;tag=abc
To: <sip:bob@example.test>
Call-ID: kam-1
CSeq: 2 INVITE
Contact: <sip:ann@192.168.10.20:50000;transport=tls;alias=198.51.100.77~50000~3>
P-Hint: outbound->inbound
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'OpenSIPS with topology hiding: a quoted thinfo within the Contact URI',
    verdict: 'passes',
    text: sip(`
INVITE sip:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKcydzigwkX
Max-Forwards: 68
From: <sip:ann@example.test>;tag=th1
To: <sip:bob@203.0.113.5>
Call-ID: DLGCH_QUFBQkJC
CSeq: 1 INVITE
Contact: <sip:198.51.100.1:5060;thinfo="VG8+PoIUYHSD/sWAZZw=">
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Cisco CUBE: Timestamp, Cisco-Guid, Date in GMT, blanks before values',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550101@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK2A1B2C
Remote-Party-ID: <sip:15550102@198.51.100.1>;party=calling;screen=yes;privacy=off
From: <sip:15550102@198.51.100.1>;tag=1A2B3C4D-5E6
To: <sip:15550101@203.0.113.5>
Date: Tue, 04 Mar 2025 09:10:11 GMT
Call-ID: 1A2B3C4D-F81111EF-80019A8B-7C6D5E4F@198.51.100.1
Supported: timer,resource-priority,replaces,sdp-anat
Min-SE:  1800
Cisco-Guid: 0439041101-4162916847-2147654283-2087542351
User-Agent: Cisco-SIPGateway/IOS-15.7.3.M
Allow: INVITE, OPTIONS, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY, INFO, REGISTER
CSeq: 101 INVITE
Timestamp: 1741079411
Contact: <sip:15550102@198.51.100.1:5060>
Expires: 180
Allow-Events: telephone-event
Max-Forwards: 69
P-Asserted-Identity: <sip:15550102@198.51.100.1>
Session-Expires:  1800
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Cisco CUCM: Call-Info with a urn:, Session-ID without a peer',
    verdict: 'passes',
    text: sip(`
INVITE sip:2002@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bK3c4d5e6f
From: "Line 1" <sip:1001@198.51.100.1>;tag=12345~0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-30405060
To: <sip:2002@203.0.113.5>
Date: Tue, 04 Mar 2025 09:10:11 GMT
Call-ID: 1234ab00-6781f2b3-5c-a0b0c0d@198.51.100.1
Supported: timer,resource-priority,replaces
Min-SE: 1800
User-Agent: Cisco-CUCM12.5
Allow: INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY
CSeq: 101 INVITE
Expires: 180
Allow-Events: presence, kpml
Call-Info: <urn:x-cisco-remotecc:callinfo>;x-cisco-video-traffic-class=DESKTOP
Session-ID: 0a1b2c3d00105000a000001122334455;remote=00000000000000000000000000000000
Cisco-Guid: 0305441536-0000065536-0000000092-0168430090
Session-Expires: 1800
P-Asserted-Identity: "Line 1" <sip:1001@198.51.100.1>
Remote-Party-ID: "Line 1" <sip:1001@198.51.100.1>;party=calling;screen=yes;privacy=off
Contact: <sip:1001@198.51.100.1:5060;transport=tcp>
Max-Forwards: 69
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'AudioCodes Mediant: X-Channel, and a Contact without a port',
    verdict: 'passes',
    text: sip(`
INVITE sip:15550103@203.0.113.5;user=phone SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKac1234567890
Max-Forwards: 70
From: <sip:15550104@198.51.100.1;user=phone>;tag=1c1234567890
To: <sip:15550103@203.0.113.5;user=phone>
Call-ID: 98765432104320251011@198.51.100.1
CSeq: 1 INVITE
Contact: <sip:15550104@198.51.100.1>
Supported: em,100rel,timer,replaces,path,resource-priority,sdp-anat
Allow: REGISTER,OPTIONS,INVITE,ACK,CANCEL,BYE,NOTIFY,PRACK,REFER,INFO,SUBSCRIBE,UPDATE
User-Agent: Audiocodes-Sip-Gateway-Mediant 1000/v.6.60A.317.001
X-Channel: ds/ds1-1/1;IP=198.51.100.1
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Mitel MiVoice: an Alert-Info of its own, P-Asserted-Identity twice (sip and tel)',
    verdict: 'passes',
    text: sip(`
INVITE sip:2003@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK2733-0-mitel
Route: <sip:203.0.113.5:5060;lr>
From: "Reception" <sip:1003@example.test:5060>;tag=0_4041234-5678
To: <sip:2003@203.0.113.5>
Call-ID: 4041234-5679@198.51.100.1
CSeq: 1 INVITE
Contact: "Reception" <sip:1003@198.51.100.1:5060>
Alert-Info: <internal>
P-Asserted-Identity: "Reception" <sip:1003@example.test:5060>
P-Asserted-Identity: "Reception" <tel:+15550103>
User-Agent: Mitel-3300-ICP 14.0.3.33
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'Avaya Session Manager: P-Location with quotes, History-Info with an escaped Reason, an escaped URI within the Contact',
    verdict: 'passes',
    text: sip(`
INVITE sip:2004@203.0.113.5;avaya-cm-fnu=off-hook SIP/2.0
Via: SIP/2.0/TCP 198.51.100.1;branch=z9hG4bK0_1f2e3d-AP;ft=12
Via: SIP/2.0/TLS 192.0.2.77;branch=z9hG4bK-s1632-000-s1632-
From: "Agent" <sip:1004@example.test>;tag=-2a3b4c5d
To: <sip:2004@203.0.113.5>
Call-ID: 1_1a2b3c-4d5e6f_I@192.0.2.77
CSeq: 1 INVITE
Contact: <sip:1004@192.0.2.77;transport=tls;gsid=0a1b2c3d;epv=%3csip:1004%40example.test%3bgr%3d1%3e>
Av-Global-Session-ID: 0a1b2c3d-4e5f-1111-9999-001122334455
P-Location: SM;origlocname="Site A";origsiglocname="Site A";termlocname="Site B"
History-Info: <sip:2004@example.test>;index=1, "vm" <sip:9000@example.test?Reason=SIP%3bcause%3d302>;index=1.1
P-AV-Message-Id: 1_1
Endpoint-View: <sip:1004@example.test;gr=0a1b2c3d>
Max-Forwards: 66
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: '3CX: no blank before the bracket, a colon in a quoted name, a tag with a dot',
    verdict: 'passes',
    text: sip(`
INVITE sip:2005@203.0.113.5:5060 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK-524287-1---2b3c4d5e6f708192;rport
Max-Forwards: 70
Contact: <sip:1005@198.51.100.1:5060>
To: "2005"<sip:2005@203.0.113.5:5060>
From: "1005:Lobby"<sip:1005@198.51.100.1:5060;nf=e>;tag=3d4e.5f60
Call-ID: q1W2e3R4t5Y6..
CSeq: 1 INVITE
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REGISTER, SUBSCRIBE, NOTIFY, REFER, INFO, MESSAGE, UPDATE
Content-Type: application/sdp
Supported: replaces, timer
User-Agent: 3CXPhoneSystem 20.0.0.1620 (1620)
Content-Length: LENGTH`),
  },
  {
    of: 'Lync Mediation Server: names in capitals, maddr in the Contact, Supported twice',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550105@203.0.113.5;user=phone SIP/2.0
FROM: <sip:+15550106@mediation.example.test;user=phone>;epid=0A1B2C3D4E;tag=5f6a7b8c
TO: <sip:+15550105@203.0.113.5;user=phone>
CSEQ: 37 INVITE
CALL-ID: 0a1b2c3d-4e5f-4a5b-8c9d-0e1f2a3b4c5d
MAX-FORWARDS: 70
VIA: SIP/2.0/TCP 198.51.100.1:49733;branch=z9hG4bK5e6f708
CONTACT: <sip:mediation.example.test:5066;transport=Tcp;maddr=198.51.100.1;ms-opaque=0a1b2c3d4e5f6071>
CONTENT-LENGTH: LENGTH
SUPPORTED: 100rel
SUPPORTED: timer
USER-AGENT: RTCC/6.0.0.0 MediationServer
CONTENT-TYPE: application/sdp
ALLOW: UPDATE
ALLOW: CANCEL,BYE,ACK,REFER,INVITE,OPTIONS`),
  },
  {
    of: 'Teams direct routing: names in capitals, a name right before its bracket, two identities in a line',
    verdict: 'passes',
    text: sip(`
INVITE sip:+15550107@203.0.113.5:5061;user=phone SIP/2.0
FROM: Ann Lee<sip:+15550108@pstnhub.example.test:5061;user=phone>;tag=0a1b2c3d4e5f
TO: <sip:+15550107@203.0.113.5:5061;user=phone>
CSEQ: 1 INVITE
CALL-ID: 0a1b2c3d4e5f50718293a4b5c6d7e8f9
MAX-FORWARDS: 70
VIA: SIP/2.0/TLS 198.51.100.1:5061;branch=z9hG4bK0f1e2d3c
RECORD-ROUTE: <sip:pstnhub.example.test:5061;transport=tls;lr>
CONTACT: <sip:api-du-a.pstnhub.example.test:443;x-i=0a1b2c3d-4e5f;x-c=/s/1/0a1b/d/8/2c3d>
MIN-SE: 300
SUPPORTED: histinfo,timer
USER-AGENT: Microsoft.PSTNHub.SIPProxy v.2025.3.4.5 i.EUWE.0
P-ASSERTED-IDENTITY: <tel:+15550108>,<sip:ann@example.test>
PRIVACY: id
SESSION-EXPIRES: 3600
CONTENT-TYPE: application/sdp
CONTENT-LENGTH: LENGTH`),
  },
  {
    of: 'a fax gateway: a Warning header with quotes that are not closed, in a request',
    verdict: 'passes',
    text: sip(`
BYE sip:2006@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKfaxbye
From: <sip:1006@example.test>;tag=1
To: <sip:2006@203.0.113.5>;tag=2
Call-ID: fax-1
CSeq: 2 BYE
Max-Forwards: 70
Warning: 399 gw "T.38 not available
Reason: Q.850;cause=16;text="Normal call clearing"
X-RTP-Stat: PS=1207,OS=193120;PR=1205,OR=192800;PL=0;JI=2
P-RTP-Stat: 
Content-Length: 0`),
  },
  {
    of: 'an old proxy that asks for nothing in Proxy-Require',
    verdict: 'passes',
    text: sip(`
INVITE sip:2007@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKpr
From: <sip:1007@example.test>;tag=1
To: <sip:2007@203.0.113.5>
Call-ID: pr
CSeq: 1 INVITE
Max-Forwards: 70
Proxy-Require:
Require:
Contact: <sip:1007@198.51.100.1>
Content-Type: application/sdp
Content-Length: LENGTH`),
  },
  {
    of: 'a firewall that asks proxies for an extension of its own',
    verdict: [420, 'Proxy-Require is for us (RFC 3261 §16.3 item 5)'],
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKfw
From: <sip:fw@example.test>;tag=1
To: <sip:203.0.113.5>
Call-ID: fw
CSeq: 1 OPTIONS
Max-Forwards: 70
Proxy-Require: com.example.firewall
Content-Length: 0`),
  },
  {
    of: 'a gateway that sends a call again to where it came from, until its last hop',
    verdict: [483, 'Max-Forwards is used up'],
    text: sip(`
INVITE sip:2008@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKmf
From: <sip:1008@example.test>;tag=1
To: <sip:2008@203.0.113.5>
Call-ID: mf
CSeq: 1 INVITE
Max-Forwards: 0
Contact: <sip:1008@198.51.100.1>
Content-Length: 0`),
  },
  {
    of: 'a PBX that asks for a user who is not registered',
    verdict: [404, 'nobody of that name is here'],
    text: sip(`
INVITE sip:nobody@example.test SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKnobody
From: <sip:1009@example.test>;tag=1
To: <sip:nobody@example.test>
Call-ID: nobody
CSeq: 1 INVITE
Max-Forwards: 70
Contact: <sip:1009@198.51.100.1>
Content-Length: 0`),
  },
  {
    of: 'a monitor that sends SIP/1.0',
    verdict: [505, 'only SIP/2.0 is spoken'],
    text: sip(`
OPTIONS sip:203.0.113.5 SIP/1.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKv1
From: <sip:m@example.test>;tag=1
To: <sip:203.0.113.5>
Call-ID: v1
CSeq: 1 OPTIONS
Content-Length: 0`),
  },
  {
    of: 'a gateway with an h323: URI',
    verdict: [416, 'a scheme that is not known here'],
    text: sip(`
INVITE h323:bob@203.0.113.5 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKh323
From: <sip:g@example.test>;tag=1
To: <h323:bob@203.0.113.5>
Call-ID: h323
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0`),
  },
]

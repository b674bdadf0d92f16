/** What stopped sipd once, or filled its memory: each at the rate at which it did. */
import type { Socket as UdpSocket } from 'node:dgram'
import { type Attack, atRate, sipRequest, tcpFrom, udpFrom } from './senders.ts'

export type Attacker = (attack: Attack) => Promise<void>

const domain = 'bench.example'

function sender(socket: UdpSocket, { server, sipPort, count, signal }: Attack): (text: string) => void {
  return (text) => {
    if (signal.aborted) return
    socket.send(Buffer.from(text, 'latin1'), sipPort, server)
    count()
  }
}

function register(attack: Attack, user: string, contacts: readonly string[], more: readonly string[] = []): string {
  const lines = [`To: <sip:${user}@${domain}>`, `Contact: ${contacts.join(', ')}`, 'Expires: 3600', ...more]
  return sipRequest(attack, { method: 'REGISTER', uri: `sip:${domain}`, more: lines })
}

/** 500 REGISTERs of 31 KB, each ten contacts, within ten seconds, again and again. */
const fatRegistrations: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  const contacts = Array.from({ length: 10 }, (_, i) => `<sip:c${i}@${attack.from}:5099>`)
  await atRate(50, attack, (n) =>
    send(
      register(attack, `fat${n}`, contacts, [
        `User-Agent: ${'f'.repeat(30_000)}`,
        `Path: <sip:${'p'.repeat(400)}@x;lr>`,
      ]),
    ),
  )
}

/** Users one after the other, as fast as took all places within three seconds. */
const manyUsers: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  await atRate(2000, attack, (n) => send(register(attack, `many${n}`, [`<sip:m@${attack.from}:5099>`])))
}

/** Twelve users, each with five contacts that are others of them; and one OPTIONS a second. */
const forkBomb: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  for (let user = 0; user < 12; user++) {
    const contacts = Array.from({ length: 5 }, (_, i) => `<sip:bomb${(user + i + 1) % 12}@${domain};n=${i}>`)
    send(register(attack, `bomb${user}`, contacts))
  }
  await atRate(1, attack, () => send(sipRequest(attack, { method: 'OPTIONS', uri: `sip:bomb0@${domain}` })))
}

/** INVITEs to elsewhere, and such as would make a third party the answerer's target. */
const relayAndReflect: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  await atRate(100, attack, (n) => {
    const foreign = { method: 'INVITE', uri: `sip:x@${attack.from}:9` }
    const reflected = { method: 'INVITE', uri: `sip:nobody${n}@${domain}`, via: ';maddr=192.0.2.1' }
    send(sipRequest(attack, n % 2 === 0 ? foreign : reflected))
  })
}

/** BYEs without a dialog. */
const byeFlood: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  await atRate(1500, attack, (n) =>
    send(sipRequest(attack, { method: 'BYE', uri: `sip:u${String(n % 2000).padStart(6, '0')}@${domain}` })),
  )
}

/** Responses whose second Via has a port that is none. */
const brokenPorts: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  await atRate(50, attack, (n) => {
    const via = (host: string, more: string) => `Via: SIP/2.0/UDP ${host};branch=z9hG4bKport${n}${more}`
    const lines = [
      'SIP/2.0 200 OK',
      via(`${attack.server}:${attack.sipPort}`, ''),
      via(attack.from, ';rport=99999'),
      `From: <sip:a@${domain}>;tag=1`,
      `To: <sip:b@${domain}>;tag=2`,
      `Call-ID: port-${n}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    ]
    send(`${lines.join('\r\n')}\r\n\r\n`)
  })
}

/** INVITEs for contacts whose names a silent server is asked for. */
const slowNames: Attacker = async (attack) => {
  const send = sender(await udpFrom(attack), attack)
  for (let user = 0; user < 8; user++) send(register(attack, `slow${user}`, [`<sip:x@n${user}.silent.example>`]))
  await atRate(8, attack, (n) => {
    if (n % 80 < 8) send(register(attack, `slow${n % 8}`, [`<sip:x@n${n}.silent.example>`]))
    send(sipRequest(attack, { method: 'INVITE', uri: `sip:slow${n % 8}@${domain}` }))
  })
}

/** INVITEs of 60 KB, half of them to a phone that rings and never answers. */
const fatInvites: Attacker = async (attack) => {
  const socket = await udpFrom(attack)
  const send = sender(socket, attack)
  const body = 'x'.repeat(60_000)
  send(register(attack, 'rings', [`<sip:r@${attack.from}:${socket.address().port}>`]))
  await atRate(33, attack, (n) =>
    send(sipRequest(attack, { method: 'INVITE', uri: `sip:${n % 2 === 0 ? 'rings' : 'nobody'}@${domain}`, body })),
  )
}

/** 500 connections, each with the first 200 KB of a message. */
const halfMessages: Attacker = async (attack) => {
  const head = sipRequest(attack, { method: 'MESSAGE', uri: `sip:nobody@${domain}` })
  const begun = head.replace('Content-Length: 0', 'Content-Length: 250000')
  await atRate(20, attack, (n) => {
    if (n >= 500) return
    void tcpFrom(attack).then((socket) => {
      socket?.write(begun + 'x'.repeat(200_000))
      if (socket) attack.count()
    })
  })
}

/** Pings (RFC 5626 §4.4.1) on 20 connections that read no pong. */
const unreadPongs: Attacker = async (attack) => {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => tcpFrom(attack, true)))
  const pings = Buffer.from('\r\n\r\n'.repeat(1000))
  await atRate(20, attack, (n) => {
    const socket = sockets[n % sockets.length]
    if (!socket?.writable) return
    socket.pause().write(pings)
    attack.count()
  })
}

/** 150 connections that say nothing. */
const idleConnections: Attacker = async (attack) => {
  await atRate(50, attack, (n) => {
    if (n < 150) void tcpFrom(attack).then((socket) => socket && attack.count())
  })
}

export const sipAttacks: Readonly<Record<string, Attacker>> = {
  'fat registrations': fatRegistrations,
  'many users': manyUsers,
  'fork bomb': forkBomb,
  'relay and reflect': relayAndReflect,
  'BYE flood': byeFlood,
  'broken ports': brokenPorts,
  'slow names': slowNames,
  'fat INVITEs': fatInvites,
  'half messages': halfMessages,
  'unread pongs': unreadPongs,
  'idle connections': idleConnections,
}

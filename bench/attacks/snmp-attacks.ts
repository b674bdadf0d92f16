/** What filled the agent's log or its memory once: datagrams of strangers, and subagents of others. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { AgentxWriter } from '../../agentx/encode.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { snmpTrapOidInstance } from '../../snmp/notification.ts'
import { ScriptedSubagent } from '../../test/support/agentx.ts'
import { atRate, udpFrom } from './senders.ts'
import type { Attacker } from './sip-attacks.ts'

const sysUpTime = { name: oid('1.3.6.1.2.1.1.3.0'), value: { type: 'Null' } } as const

const wrongCommunities: Attacker = async (attack) => {
  const socket = await udpFrom(attack)
  const request = encodeRequest('v2c', 'guess', { type: 'getRequest', requestId: 1, varbinds: [sysUpTime] })
  await atRate(200, attack, () => {
    socket.send(request, attack.snmpPort, attack.server)
    attack.count()
  })
}

/** A discovery of SNMPv3 (RFC 3414 §4) from port 0: nobody can be answered there. */
const discovery =
  '303a020103300f02024a69020300ffe30401040201030410300e0400020100020100040004000400301204000400a00c020237f00201000201003000'

const fromPort0 = `
import socket, struct, sys, time
server, source, port, octets = sys.argv[1], sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.bind((source, 0))
while True:
    raw.sendto(struct.pack('!HHHH', 0, port, 8 + len(octets), 0) + octets, (server, 0))
    time.sleep(0.005)
`

/** By a program of its own: no socket of Node's sends from port 0. Its starts count. */
const portZero: Attacker = async ({ server, from, snmpPort, signal, count }) => {
  const sender = spawn('python3', ['-c', fromPort0, server, from, String(snmpPort), discovery], { stdio: 'inherit' })
  count()
  signal.addEventListener('abort', () => sender.kill())
  await once(sender, 'exit')
}

const refreshMs = 50
const foreignTable = '1.3.6.1.4.1.8072.9999'

/** A Notify PDU of a megabyte, made once: attackers share a process, and none is to hold up the others. */
function largeNotification(): Buffer {
  const varbind = {
    name: oid('1.3.6.1.2.1.1.4.0'),
    value: { type: 'OctetString', value: Buffer.alloc(40, 0x78) },
  } as const
  const trapOid = { type: 'ObjectIdentifier', value: oid('1.3.6.1.4.1.8072.4.0.1') } as const
  const varbinds = [{ name: snmpTrapOidInstance, value: trapOid }, ...Array.from({ length: 12_000 }, () => varbind)]
  const writer = new AgentxWriter()
  writer.pdu({ flags: 0, sessionId: 0, transactionId: 0, packetId: 0 }, { type: 'notify', varbinds })
  return writer.take()
}

/**
 * A subagent of others on its socket: takes tables that are not its own and as many regions as it gets, and notifies a
 * megabyte each time. A path is no matter of the network: it reaches the socket from where the other attackers are.
 */
const foreignSubagent: Attacker = async ({ agentxPath, signal, count }) => {
  const large = largeNotification()
  while (!signal.aborted) {
    const subagent = await ScriptedSubagent.open(agentxPath).catch(() => undefined)
    if (subagent) large.writeUInt32BE(subagent.sessionId, 4)
    for (let n = 0; subagent && !subagent.isClosed && !signal.aborted; n++) {
      const step = [
        () => subagent.register(`${castellanArc}.12.20.1.2.1.${3 + (n % 20)}.1`),
        () =>
          subagent.register(`${foreignTable}.${n}`, { rangeSubid: oid(foreignTable).length + 1, upperBound: n + 1023 }),
        () => subagent.answerTo(large),
      ][n % 3]!
      // A session that is thrown out never gets an answer.
      await Promise.race([step(), new Promise((resolve) => setTimeout(resolve, 1000))])
      count()
      await new Promise((resolve) => setTimeout(resolve, refreshMs))
    }
    subagent?.end()
    await new Promise((resolve) => setTimeout(resolve, refreshMs))
  }
}

export const snmpAttacks: Readonly<Record<string, Attacker>> = {
  'wrong communities': wrongCommunities,
  'SNMPv3 from port 0': portZero,
  'foreign subagent': foreignSubagent,
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Vacm } from '../../../agent/access/vacm.ts'
import { Engine } from '../../../agent/engine.ts'
import { BerWriter } from '../../../lib/ber/writer.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineTable } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { Registry } from '../../../lib/mib/registry.ts'
import { displayString, integer32 } from '../../../lib/mib/syntax.ts'
import { errorStatusName } from '../../../lib/smi/error-status.ts'
import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import { nullValue } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { identity } from '../../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../../snmp/local-v3.ts'
import { writePdu } from '../../../snmp/message/pdu.ts'
import { writeV3 } from '../../../snmp/message/v3-message.ts'
import { roomForScopedPdu } from '../../../snmp/message/v3-size.ts'
import { authKey, privKey } from '../../../snmp/security/usm/keys.ts'
import { UsmPeer } from '../../../snmp/security/usm/peer.ts'
import { authProtocols, privProtocols } from '../../../snmp/security/usm/protocols.ts'
import { Usm, type UsmUser } from '../../../snmp/security/usm/usm.ts'
import { V3Messages } from '../../../snmp/v3-processing.ts'

const engineId = Buffer.from('80007ed905aabbccddeeff', 'hex')
const root = [1, 3, 6, 1, 4, 1, 32473, 99, 4]
const lines = defineTable({
  name: 'linesTable',
  oid: root.join('.'),
  index: { lineNumber: column(1, integer32(1, 1000), 'not-accessible') },
  columns: { lineText: column(2, displayString()) },
})

/** An engine with a table of 200 lines, and a manager of it whose messages say that it takes so many octets. */
function conversation(level: SecurityLevel, auth = authProtocols[3]!, priv = privProtocols[1]!) {
  const clock = new ManualClock()
  const user: UsmUser = {
    engineId: new Uint8Array(0),
    name: 'ann',
    auth: { protocol: auth, key: authKey(auth, 'maplesyrup', engineId) },
    priv: { protocol: priv, key: privKey(auth, priv, 'maplesyrup', engineId) },
  }
  const served = serve(lines)
  for (let lineNumber = 1; lineNumber <= 200; lineNumber++) served.table.put({ lineNumber, lineText: 'x'.repeat(30) })
  const registry = new Registry()
  const module = { name: 'lines', description: '', oid: [1], tables: [anyServing(served)] }
  registry.register(new ModuleBackend(module, { log: silentLog }))
  const statistics = new Statistics()
  const usm = new Usm(identity(engineId, 1, clock))
  const v3 = new LocalV3(engineId)
  v3.configure([user])
  const engine = new Engine({ registry, v3, log: silentLog, statistics })
  v3.serve(usm, new V3Messages(usm, statistics, engine.maxMessageSize))
  const views = { read: 'all', write: '', notify: '' }
  const entry = { groupName: 'g', contextPrefix: '', contextMatch: 'exact', securityModel: 'usm', views } as const
  engine.configure(
    [],
    new Vacm(
      [{ securityModel: 'usm', securityName: 'ann', groupName: 'g' }],
      [{ ...entry, securityLevel: 'noAuthNoPriv' }],
      [{ viewName: 'all', subtree: [1], mask: new Uint8Array(0), included: true }],
    ),
  )
  const send = (bytes: Uint8Array, address = '127.0.0.1'): Uint8Array | undefined => {
    let answer: Uint8Array | undefined
    const transport = {
      send(octets: Uint8Array, from: number, to: number) {
        answer = Uint8Array.from(octets.subarray(from, to))
        return false
      },
    }
    engine.receive(Buffer.from(bytes), { address, port: 9 }, transport)
    return answer
  }
  const peerTaking = (maxMessageSize: number) => {
    const peer = new UsmPeer({ clock, userName: 'ann', level, keysFor: () => user, maxMessageSize })
    const ask = (maxRepetitions: number, address?: string) =>
      send(
        peer.encode(
          1,
          (out) => writePdu(out, 'getBulkRequest', 1, [{ name: root, value: nullValue }], 0, maxRepetitions),
          true,
        )!,
        address,
      )
    const discovery = ask(0)
    const report = peer.decode(discovery!)
    peer.learnEngine(report!.engineId)
    peer.decode(ask(0)!) // its time
    /** GETs these lines; gives the status of the answer and its octets. */
    const get = (...lineNumbers: number[]) => {
      const varbinds = lineNumbers.map((line) => ({ name: [...root, 1, 2, line], value: nullValue }))
      const answer = send(peer.encode(2, (out) => writePdu(out, 'getRequest', 2, varbinds), true)!)!
      return { status: errorStatusName(peer.decode(answer)!.pdu.errorStatus), octets: answer.length }
    }
    return { peer, ask, get }
  }
  const write = (lineNumber: number, length: number) => served.table.put({ lineNumber, lineText: 'x'.repeat(length) })
  return { peerTaking, statistics, write }
}

for (const level of ['authPriv', 'authNoPriv'] as const) {
  for (const auth of [authProtocols[0]!, authProtocols[5]!]) {
    test(`no answer at ${level} with ${auth.name} is longer than the msgMaxSize of who asks`, () => {
      for (const maxMessageSize of [484, 500, 600, 1472, 65_507]) {
        const { peer, ask } = conversation(level, auth).peerTaking(maxMessageSize)
        const answer = ask(0x7fff_ffff)!
        assert.ok(answer.length <= maxMessageSize, `${answer.length} octets to who takes ${maxMessageSize}`)
        const message = peer.decode(answer)!
        assert.equal(message.pdu.type, 'response')
        // As many as fit: one more of 50 octets would not have.
        const left = maxMessageSize - answer.length
        assert.ok(message.pdu.varbinds.length >= 201 || left < 50, `${left} octets were left`)
        assert.ok(message.pdu.varbinds.length > 0)
      }
    })
  }
}

test('a GETBULK from another machine is answered in one Ethernet frame, the envelope of SNMPv3 included', () => {
  const { peer, ask } = conversation('authPriv', authProtocols[5]!).peerTaking(65_507)
  const answer = ask(0x7fff_ffff, '192.0.2.1')!
  assert.ok(answer.length <= 1472 && answer.length > 1472 - 50, `${answer.length} octets`)
  assert.equal(peer.decode(answer)!.pdu.type, 'response')
})

test('at msgMaxSize 484 a text of 220 octets is answered: its message has fewer than 400', () => {
  const { peerTaking, write } = conversation('authPriv')
  write(1, 220)
  const { status, octets } = peerTaking(484).get(1)
  assert.equal(status, 'noError')
  assert.ok(octets < 400, `${octets} octets`)
})

for (const [level, auth, priv] of [
  ['noAuthNoPriv', authProtocols[0]!, privProtocols[0]!],
  ['authNoPriv', authProtocols[1]!, privProtocols[0]!],
  ['authNoPriv', authProtocols[5]!, privProtocols[0]!],
  ['authPriv', authProtocols[1]!, privProtocols[0]!],
  ['authPriv', authProtocols[5]!, privProtocols[1]!],
] as const) {
  const what = `${level}${level === 'noAuthNoPriv' ? '' : ` with ${auth.name}`}${level === 'authPriv' ? ` and ${priv.name}` : ''}`
  test(`an answer at ${what} that just fits msgMaxSize is sent, and is tooBig when an octet is missing`, () => {
    const { peerTaking, write } = conversation(level, auth, priv)
    write(1, 255)
    const anySize = peerTaking(65_507)
    for (let length = 130; length < 255; length++) {
      write(2, length)
      const { octets } = anySize.get(1, 2)
      assert.ok(octets > 484)
      assert.deepEqual(peerTaking(octets).get(1, 2), { status: 'noError', octets }, `${octets} octets`)
      assert.equal(peerTaking(octets - 1).get(1, 2).status, 'tooBig', `${octets} octets`)
    }
  })
}

test('a room for a scoped PDU is the largest that writeV3 makes a message of so many octets of', () => {
  const common = { msgId: 70_000, msgMaxSize: 65_507, boots: 300, time: 9_000_000 }
  for (const [digestLength, privParametersLength, blockLength] of [
    [0, 0, 0],
    [12, 0, 0],
    [48, 8, 1],
    [24, 8, 8],
  ] as const) {
    const lengthOf = (scopedLength: number): number => {
      const padded = blockLength > 1 ? Math.ceil(scopedLength / blockLength) * blockLength : scopedLength
      const out = new BerWriter()
      const level = privParametersLength > 0 ? 'authPriv' : digestLength > 0 ? 'authNoPriv' : 'noAuthNoPriv'
      const privParameters = new Uint8Array(privParametersLength)
      const message = { ...common, level, engineId, userName: 'ännchen', digestLength, privParameters } as const
      writeV3(out, message, new Uint8Array(padded))
      return out.position
    }
    const names = { engineIdLength: engineId.length, userNameLength: 8 }
    const envelope = { ...common, ...names, digestLength, privParametersLength, blockLength }
    for (let octets = 250; octets < 700; octets++) {
      const room = roomForScopedPdu(envelope, octets)
      assert.ok(lengthOf(room) <= octets, `${room} octets in ${octets}`)
      assert.ok(lengthOf(room + 1) > octets, `${room + 1} octets in ${octets}`)
    }
  }
})

test('a msgMaxSize below 484 is no message (RFC 3412 §6)', () => {
  const { peerTaking, statistics } = conversation('authPriv')
  assert.throws(() => peerTaking(483))
  assert.equal(statistics.snmpInASNParseErrs, 1)
})

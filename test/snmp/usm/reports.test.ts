import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Vacm } from '../../../agent/access/vacm.ts'
import { Engine } from '../../../agent/engine.ts'
import type { SetRecord } from '../../../agent/set-record.ts'
import { BerWriter } from '../../../lib/ber/writer.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineScalars } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { Registry } from '../../../lib/mib/registry.ts'
import { displayString } from '../../../lib/mib/syntax.ts'
import { formatOid, type Oid } from '../../../lib/smi/oid.ts'
import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import { nullValue } from '../../../lib/smi/value.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { identity } from '../../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../../snmp/local-v3.ts'
import { type PduType, writePdu } from '../../../snmp/message/pdu.ts'
import { decodeV3, writeV3 } from '../../../snmp/message/v3-message.ts'
import { authKey, privKey } from '../../../snmp/security/usm/keys.ts'
import { UsmPeer } from '../../../snmp/security/usm/peer.ts'
import { authProtocols, privProtocols } from '../../../snmp/security/usm/protocols.ts'
import { Usm, type UsmUser } from '../../../snmp/security/usm/usm.ts'
import { V3Messages } from '../../../snmp/v3-processing.ts'

const engineId = Buffer.from('80007ed905aabbccddeeff', 'hex')
const otherEngineId = Buffer.from('80007ed905000000000001', 'hex')
const localEngineId = Buffer.from('8000000006', 'hex')
const nothing = new Uint8Array(0)
const [auth, priv] = [authProtocols[3]!, privProtocols[1]!]
const ann: UsmUser = {
  engineId: nothing,
  name: 'ann',
  auth: { protocol: auth, key: authKey(auth, 'maplesyrup', engineId) },
  priv: { protocol: priv, key: privKey(auth, priv, 'maplesyrup', engineId) },
}
const door = defineScalars({
  name: 'door',
  oid: '1.3.6.1.4.1.32473.99.3',
  objects: { doorSign: column(1, displayString()) },
})
const doorSign: Oid = [1, 3, 6, 1, 4, 1, 32473, 99, 3, 1, 0]
const levels = ['noAuthNoPriv', 'authNoPriv', 'authPriv'] as const
const requestId = 4711
const counters = {
  snmpUnknownPDUHandlers: '1.3.6.1.6.3.11.2.1.3.0',
  snmpUnknownContexts: '1.3.6.1.6.3.12.1.5.0',
  usmStatsNotInTimeWindows: '1.3.6.1.6.3.15.1.1.2.0',
  usmStatsUnknownUserNames: '1.3.6.1.6.3.15.1.1.3.0',
  usmStatsUnknownEngineIDs: '1.3.6.1.6.3.15.1.1.4.0',
  usmStatsWrongDigests: '1.3.6.1.6.3.15.1.1.5.0',
} as const

interface Sender {
  readonly level?: SecurityLevel
  readonly contextEngineId?: Uint8Array
  readonly contextName?: string
  readonly userName?: string
  readonly user?: UsmUser
}

function engineWithDoor() {
  const clock = new ManualClock()
  const served = serve(door)
  served.table.put({ doorSign: 'closed' })
  const registry = new Registry()
  registry.register(
    new ModuleBackend({ name: 'door', description: '', oid: [1], tables: [anyServing(served)] }, { log: silentLog }),
  )
  const statistics = new Statistics()
  const usm = new Usm(identity(engineId, 5, clock))
  const v3 = new LocalV3(engineId)
  v3.configure([ann])
  const failures: string[] = []
  const refusedSets: Pick<SetRecord, 'requester' | 'status' | 'varbinds'>[] = []
  const engine = new Engine({ registry, v3, log: silentLog, statistics, onSet: (record) => refusedSets.push(record) })
  const messages = new V3Messages(usm, statistics, engine.maxMessageSize, 'own', {
    notAuthentic: (refusal, userName, { address }) => failures.push(`${address} ${userName}: ${refusal}`),
    setForOtherEngine: (requester, varbinds) =>
      refusedSets.push({ requester, status: 'snmpUnknownPDUHandlers', varbinds }),
  })
  v3.serve(usm, messages)
  const views = { read: 'all', write: '', notify: '' }
  const entry = { groupName: 'g', contextPrefix: '', contextMatch: 'exact', securityModel: 'usm', views } as const
  engine.configure(
    [],
    new Vacm(
      [{ securityModel: 'usm', securityName: 'ann', groupName: 'g' }],
      [{ ...entry, securityLevel: 'noAuthNoPriv' }],
      [{ viewName: 'all', subtree: [1], mask: nothing, included: true }],
    ),
  )
  const send = (bytes: Uint8Array): Uint8Array | undefined => {
    let answer: Uint8Array | undefined
    const transport = {
      send(octets: Uint8Array, from: number, to: number) {
        answer = Uint8Array.from(octets.subarray(from, to))
        return false
      },
    }
    engine.receive(Buffer.from(bytes), { address: '127.0.0.1', port: 9 }, transport)
    return answer
  }
  /** A manager that knows the engine, and its time. */
  const peerOf = ({ level = 'authPriv', contextEngineId = engineId, contextName = '', ...who }: Sender): UsmPeer => {
    const { user = ann, userName = 'ann' } = who
    const known = { clock, userName, level, keysFor: () => user, contextName }
    const peer = new UsmPeer({ ...known, contextEngineId: () => contextEngineId })
    peer.learnEngine(engineId)
    if (level === 'noAuthNoPriv') return peer
    // The report of a wrong time tells the right one; peers of a level with authentication learn it from that.
    const report = send(peer.encode(1, (out) => writePdu(out, 'getRequest', 1, []), true)!)
    if (report) peer.decode(report)
    return peer
  }
  const ask = (peer: UsmPeer, type: Exclude<PduType, 'trapV1'> = 'getRequest', isReportable = true) => {
    const answer = send(
      peer.encode(9, (out) => writePdu(out, type, requestId, [{ name: doorSign, value: nullValue }]), isReportable)!,
    )
    return { octets: answer, message: answer && peer.decode(answer) }
  }
  return { clock, statistics, usm, send, peerOf, ask, failures, refusedSets }
}

type Asked = ReturnType<ReturnType<typeof engineWithDoor>['ask']>['message']

function assertReport(message: Asked, counter: keyof typeof counters, count: number, id = requestId): void {
  assert.equal(message?.pdu.type, 'report')
  assert.equal(message?.pdu.requestId, id)
  const [varbind] = message?.pdu.varbinds ?? []
  assert.equal(varbind && formatOid(varbind.name), counters[counter])
  assert.deepEqual(varbind?.value, { type: 'Counter32', value: count })
}

for (const level of levels) {
  describe(`a contextEngineID at ${level}`, () => {
    for (const [what, contextEngineId] of [
      ['of another engine', otherEngineId],
      ['that is empty', nothing],
      ['that is the beginning of ours', engineId.subarray(0, 6)],
    ] as const) {
      test(`${what} is reported as snmpUnknownPDUHandlers with the request-id (RFC 3412 §4.2.2.1)`, () => {
        const { ask, peerOf, statistics } = engineWithDoor()
        const peer = peerOf({ level, contextEngineId })
        // RFC 3412 §6.4: where the PDU can be read, its type decides, not the flag.
        assertReport(ask(peer, 'getRequest', false).message, 'snmpUnknownPDUHandlers', 1)
        assertReport(ask(peer, 'getBulkRequest', true).message, 'snmpUnknownPDUHandlers', 2)
        assert.equal(statistics.snmpUnknownPDUHandlers, 2)
        const report = ask(peer).message
        assert.equal(report?.level, level, 'as secure as the request')
        assert.deepEqual(Buffer.from(report?.contextEngineId ?? nothing), engineId)
      })
    }

    test('localEngineID is this engine, and the answer has it too (RFC 5343 §3)', () => {
      const { ask, peerOf } = engineWithDoor()
      const { message } = ask(peerOf({ level, contextEngineId: localEngineId }))
      assert.equal(message?.pdu.type, 'response')
      assert.equal(message?.pdu.requestId, requestId)
      assert.deepEqual(Buffer.from(message?.contextEngineId ?? nothing), localEngineId)
      assert.equal(message?.pdu.varbinds[0]?.value.type, 'OctetString')
    })

    test('with a context that is unknown is reported as snmpUnknownContexts with the request-id (RFC 3412 §7.1.3c)', () => {
      const { ask, peerOf } = engineWithDoor()
      assertReport(ask(peerOf({ level, contextName: 'attic' })).message, 'snmpUnknownContexts', 1)
    })
  })
}

test('an inform to the agent is reported as snmpUnknownPDUHandlers; a trap, a response and a report are counted and no more', () => {
  const { ask, peerOf, statistics } = engineWithDoor()
  const peer = peerOf({})
  assertReport(ask(peer, 'informRequest').message, 'snmpUnknownPDUHandlers', 1)
  for (const type of ['trapV2', 'response', 'report'] as const) assert.equal(ask(peer, type).octets, undefined, type)
  assert.equal(statistics.snmpUnknownPDUHandlers, 4)
})

describe('what the security model refuses', () => {
  const mallory = { ...ann, auth: { protocol: auth, key: authKey(auth, 'guessed passphrase', engineId) } }

  test('has the request-id in its report while the PDU is not encrypted, whatever the flag is', () => {
    const { ask, peerOf } = engineWithDoor()
    const stranger = peerOf({ level: 'noAuthNoPriv', userName: 'bob' })
    assertReport(ask(stranger, 'getRequest', false).message, 'usmStatsUnknownUserNames', 1)
    const guessing = peerOf({ level: 'authNoPriv', user: mallory })
    assertReport(ask(guessing, 'getRequest', false).message, 'usmStatsWrongDigests', 2)
  })

  test('has the request-id in the report of a wrong time, and none when the PDU was encrypted', () => {
    for (const [level, id, isReportable] of [
      ['authNoPriv', requestId, false],
      ['authPriv', 0, true],
    ] as const) {
      const { ask, peerOf, clock } = engineWithDoor()
      const late = peerOf({ level })
      late.learnEngine(engineId) // it forgets the time
      clock.advance(200_000)
      assertReport(ask(late, 'getRequest', isReportable).message, 'usmStatsNotInTimeWindows', 2, id)
    }
  })

  test('is not reported when it is a trap, though its sender asks for it', () => {
    const { ask, peerOf } = engineWithDoor()
    assert.equal(ask(peerOf({ level: 'noAuthNoPriv', userName: 'bob' }), 'trapV2', true).octets, undefined)
  })

  test('is reported with request-id 0 where there is no PDU that can be read, and only to a sender that asks for it', () => {
    for (const isReportable of [true, false]) {
      const { send, peerOf } = engineWithDoor()
      const out = new BerWriter()
      const scoped = Uint8Array.of(0x30, 3, 4, 1, 0) // a contextEngineID, and nothing behind it
      const common = { msgId: 9, msgMaxSize: 65_507, level: 'noAuthNoPriv', isReportable, boots: 0, time: 0 } as const
      const blank = { engineId: nothing, userName: '', digestLength: 0, privParameters: nothing }
      writeV3(out, { ...common, ...blank }, scoped)
      const answer = send(out.take())
      if (isReportable)
        assertReport(peerOf({ level: 'noAuthNoPriv' }).decode(answer!), 'usmStatsUnknownEngineIDs', 1, 0)
      else assert.equal(answer, undefined)
    }
  })

  test('a discovery is answered with its own request-id and msgID', () => {
    const { send, clock } = engineWithDoor()
    const peer = new UsmPeer({ clock, userName: 'ann', level: 'authPriv', keysFor: () => ann })
    const answer = send(peer.encode(77, () => {}, true)!)!
    assertReport(peer.decode(answer), 'usmStatsUnknownEngineIDs', 1, 77)
    const message = decodeV3(answer)
    assert.equal(typeof message === 'string' ? undefined : message.header.msgId, 77)
  })
})

describe('a message of version 3 that comes to nothing leaves a trace', () => {
  const bob: UsmUser = { ...ann, name: 'bob', priv: undefined }
  const stranger = (passphrase: string): UsmUser => ({
    ...ann,
    auth: { protocol: auth, key: authKey(auth, passphrase, engineId) },
  })

  test('wrong digests, unknown users, and levels without keys are told of, with the name that was given', () => {
    const { ask, peerOf, usm, failures } = engineWithDoor()
    usm.configure([ann, bob])
    const ours = peerOf({})
    const bobs = peerOf({ userName: 'bob', user: { ...ann, name: 'bob' } })
    failures.splice(0)
    ask(peerOf({ user: stranger('sugarcane') }))
    ask(peerOf({ userName: 'eve', level: 'noAuthNoPriv' }))
    ask(bobs)
    ask(ours)
    assert.deepEqual(
      [...new Set(failures)],
      [
        '127.0.0.1 ann: usmStatsWrongDigests',
        '127.0.0.1 eve: usmStatsUnknownUserNames',
        '127.0.0.1 bob: usmStatsUnsupportedSecLevels',
      ],
    )
  })

  test('a message outside the time window is told of, and how a manager learns the time is not', () => {
    const { send, clock, peerOf, failures } = engineWithDoor()
    const peer = peerOf({})
    assert.deepEqual(failures, [], 'discovery')
    const octets = peer.encode(9, (out) => writePdu(out, 'getRequest', requestId, []), true)!
    clock.advance(200_000)
    send(octets)
    assert.deepEqual(failures, ['127.0.0.1 ann: usmStatsNotInTimeWindows'])
  })

  test('a SET for a context or an engine that is not here is recorded, with what it asked for', () => {
    const { ask, peerOf, refusedSets } = engineWithDoor()
    ask(peerOf({ contextName: 'cellar' }), 'setRequest')
    ask(peerOf({ contextEngineId: otherEngineId }), 'setRequest')
    ask(peerOf({ contextName: 'cellar' }), 'getRequest')
    assert.deepEqual(
      refusedSets.map(({ requester, status, varbinds }) => [requester.securityName, status, varbinds[0]?.name]),
      [
        ['ann', 'snmpUnknownContexts', doorSign],
        ['ann', 'snmpUnknownPDUHandlers', doorSign],
      ],
    )
  })
})

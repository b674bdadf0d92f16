import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Vacm } from '../../../agent/access/vacm.ts'
import { Engine } from '../../../agent/engine.ts'
import { BerReader } from '../../../lib/ber/reader.ts'
import { BerWriter } from '../../../lib/ber/writer.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineScalars } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { Registry } from '../../../lib/mib/registry.ts'
import { displayString } from '../../../lib/mib/syntax.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { identity } from '../../../snmp/engine/engine-identity.ts'
import { Statistics } from '../../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../../snmp/local-v3.ts'
import { encodeRequest } from '../../../snmp/manager/messages.ts'
import { decodeCommunityMessage } from '../../../snmp/message/community-message.ts'
import { writeV3 } from '../../../snmp/message/v3-message.ts'
import { sign } from '../../../snmp/security/usm/digest.ts'
import { authKey, privKey } from '../../../snmp/security/usm/keys.ts'
import { encrypt } from '../../../snmp/security/usm/privacy.ts'
import { authProtocols, privProtocols } from '../../../snmp/security/usm/protocols.ts'
import { Usm, type UsmUser } from '../../../snmp/security/usm/usm.ts'
import { V3Messages } from '../../../snmp/v3-processing.ts'
import { mutate, randomFrom } from '../../support/mutate.ts'

const engineId = Buffer.from('80007ed905aabbccddeeff', 'hex')
const [auth, priv] = [authProtocols[3]!, privProtocols[1]!]
const user: UsmUser = {
  engineId: new Uint8Array(0),
  name: 'ann',
  auth: { protocol: auth, key: authKey(auth, 'maplesyrup', engineId) },
  priv: { protocol: priv, key: privKey(auth, priv, 'maplesyrup', engineId) },
}
const door = defineScalars({
  name: 'door',
  oid: '1.3.6.1.4.1.32473.99.3',
  objects: { doorSign: column(1, displayString(), 'read-write') },
})

function secured(boots = 5) {
  const clock = new ManualClock()
  const served = serve(door)
  served.table.put({ doorSign: 'closed' })
  const registry = new Registry()
  const module = { name: 'door', description: '', oid: [1], tables: [anyServing(served)] }
  registry.register(new ModuleBackend(module, { log: silentLog }))
  const statistics = new Statistics()
  const usm = new Usm(identity(engineId, boots, clock))
  const v3 = new LocalV3(engineId)
  v3.configure([user])
  const engine = new Engine({ registry, v3, log: silentLog, statistics })
  v3.serve(usm, new V3Messages(usm, statistics, engine.maxMessageSize))
  const views = { read: 'all', write: 'all', notify: '' }
  engine.configure(
    [],
    new Vacm(
      [{ securityModel: 'usm', securityName: 'ann', groupName: 'g' }],
      [
        {
          groupName: 'g',
          contextPrefix: '',
          contextMatch: 'exact',
          securityModel: 'usm',
          securityLevel: 'authPriv',
          views,
        },
      ],
      [{ viewName: 'all', subtree: [1], mask: new Uint8Array(0), included: true }],
    ),
  )
  const send = async (message: Uint8Array): Promise<Uint8Array | undefined> => {
    let answer: Uint8Array | undefined
    const transport = {
      send(bytes: Uint8Array, from: number, to: number) {
        answer = Uint8Array.from(bytes.subarray(from, to))
        return false
      },
    }
    engine.receive(Buffer.from(message), { address: '127.0.0.1', port: 9 }, transport)
    for (let turn = 0; turn < 20 && !answer; turn++) await new Promise(setImmediate)
    return answer
  }
  return { clock, usm, statistics, send, sign: () => served.table.get({})?.doorSign }
}

interface Forged {
  readonly boots?: number
  readonly time?: number
  readonly engineId?: Uint8Array
  readonly userName?: string
  readonly digestLength?: number
  readonly isReportable?: boolean
}

/** An encrypted SET of doorSign, as ann's manager sends it; or as somebody makes it look. */
function openTheDoor(
  over: Forged = {},
  damage: (scopedPdu: Uint8Array) => Uint8Array = (scopedPdu) => scopedPdu,
): Buffer {
  const community = encodeRequest('v2c', '', {
    type: 'setRequest',
    requestId: 9,
    varbinds: [
      { name: [1, 3, 6, 1, 4, 1, 32473, 99, 3, 1, 0], value: { type: 'OctetString', value: Buffer.from('open') } },
    ],
  })
  const reader = new BerReader().reset(community)
  reader.enter(0x30)
  reader.integer32()
  reader.octets()
  const pdu = community.subarray(reader.position)
  const scoped = new BerWriter()
  const sequence = scoped.open(0x30)
  scoped.octets(engineId)
  scoped.octets(new Uint8Array(0))
  scoped.raw(pdu)
  scoped.close(sequence)
  const { boots = 5, time = 0, digestLength = auth.digestLength } = over
  const encrypted = encrypt(priv, user.priv!.key, { boots, time }, damage(scoped.take()))
  const out = new BerWriter()
  const digestAt = writeV3(
    out,
    {
      msgId: 1,
      msgMaxSize: 65_507,
      level: 'authPriv',
      isReportable: over.isReportable ?? true,
      engineId: over.engineId ?? engineId,
      boots,
      time,
      userName: over.userName ?? 'ann',
      digestLength,
      privParameters: encrypted.parameters,
    },
    encrypted.data,
  )
  const message = Buffer.from(out.take())
  if (digestLength === auth.digestLength) sign(auth, user.auth!.key, message, digestAt)
  return message
}

test('a genuine SET in the time window is done', async () => {
  const { send, sign: shown, clock } = secured()
  clock.advance(140_000)
  assert.ok(await send(openTheDoor()))
  assert.equal(shown(), 'open')
})

test('the same SET replayed after the window does nothing, is counted, and is answered with our time, signed', async () => {
  const { send, sign: shown, clock, usm } = secured()
  clock.advance(151_000)
  assert.ok(await send(openTheDoor()))
  assert.equal(shown(), 'closed')
  assert.equal(usm.stats.usmStatsNotInTimeWindows, 1)
})

for (const [what, over, counter] of [
  ['with other boots', { boots: 4 }, 'usmStatsNotInTimeWindows'],
  ['with a time to come', { time: 400 }, 'usmStatsNotInTimeWindows'],
  ['to another engine', { engineId: Buffer.from('80007ed905000000000000', 'hex') }, 'usmStatsUnknownEngineIDs'],
  ['of another user', { userName: 'bob' }, 'usmStatsUnknownUserNames'],
  ['of no user', { userName: '' }, 'usmStatsUnknownUserNames'],
  ['with no digest', { digestLength: 0 }, 'usmStatsWrongDigests'],
  ['with a short digest', { digestLength: 12 }, 'usmStatsWrongDigests'],
] as const) {
  test(`a SET ${what} does nothing and is counted`, async () => {
    const { send, sign: shown, usm } = secured()
    await send(openTheDoor(over))
    assert.equal(shown(), 'closed')
    assert.equal(usm.stats[counter], 1)
  })
}

test('when boots are at their end, no message is in the window', async () => {
  const { send, sign: shown, usm } = secured(2_147_483_647)
  await send(openTheDoor({ boots: 2_147_483_647 }))
  assert.equal(shown(), 'closed')
  assert.equal(usm.stats.usmStatsNotInTimeWindows, 1)
})

test('no report goes to who did not ask for one', async () => {
  const { send } = secured()
  assert.equal(await send(openTheDoor({ boots: 4, isReportable: false })), undefined)
  assert.ok(await send(openTheDoor({ boots: 4 })))
})

test('a SET with any bit flipped does nothing', async () => {
  const { send, sign: shown } = secured()
  const message = openTheDoor()
  for (let bit = 0; bit < message.length * 8; bit++) {
    const flipped = Buffer.from(message)
    flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
    // The reportable flag and unused flags are the only bits that are nobody's business once a digest covers them.
    await send(flipped)
    assert.equal(shown(), 'closed', `bit ${bit}`)
  }
})

test('what is signed and encrypted as it should be, but broken inside, is counted and costs only itself', async () => {
  const { send, statistics } = secured()
  const random = randomFrom(3)
  for (let i = 0; i < 3000; i++) await send(openTheDoor({}, (scopedPdu) => mutate(scopedPdu, random)))
  assert.ok(statistics.snmpInASNParseErrs > 1000, `${statistics.snmpInASNParseErrs}`)
  assert.ok(await send(openTheDoor()))
})

test('the answer at authPriv is encrypted: its PDU cannot be read without the key', async () => {
  const { send } = secured()
  const answer = await send(openTheDoor())
  assert.throws(() => decodeCommunityMessage(answer!))
  assert.equal(Buffer.from(answer!).includes('open'), false)
})

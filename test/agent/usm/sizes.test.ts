import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Vacm } from '../../../agent/access/vacm.ts'
import { Registry } from '../../../agent/dispatch/registry.ts'
import { Engine } from '../../../agent/engine.ts'
import { identity } from '../../../agent/engine-identity.ts'
import { writePdu } from '../../../agent/message/pdu.ts'
import { authKey, privKey } from '../../../agent/security/usm/keys.ts'
import { UsmPeer } from '../../../agent/security/usm/peer.ts'
import { authProtocols, privProtocols } from '../../../agent/security/usm/protocols.ts'
import { Usm, type UsmUser } from '../../../agent/security/usm/usm.ts'
import { Statistics } from '../../../agent/statistics.ts'
import { V3Messages } from '../../../agent/v3.ts'
import { ManualClock } from '../../../lib/clock.ts'
import { silentLog } from '../../../lib/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { column, defineTable } from '../../../lib/mib/declare.ts'
import { anyServing, serve } from '../../../lib/mib/module.ts'
import { displayString, integer32 } from '../../../lib/mib/syntax.ts'
import { nullValue } from '../../../lib/smi/value.ts'

const engineId = Buffer.from('80007ed905aabbccddeeff', 'hex')
const root = [1, 3, 6, 1, 4, 1, 32473, 99, 4]
const lines = defineTable({
  name: 'linesTable',
  oid: root.join('.'),
  index: { lineNumber: column(1, integer32(1, 1000), 'not-accessible') },
  columns: { lineText: column(2, displayString()) },
})

/** An engine with a table of 200 lines, and a manager of it whose messages say that it takes so many octets. */
function conversation(level: 'authPriv' | 'authNoPriv', auth = authProtocols[3]!, priv = privProtocols[1]!) {
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
  usm.configure([user])
  const engine = new Engine({ registry, log: silentLog, statistics })
  engine.v3 = new V3Messages(usm, statistics, engine.maxMessageSize)
  const views = { read: 'all', write: '', notify: '' }
  const entry = { groupName: 'g', contextPrefix: '', contextMatch: 'exact', securityModel: 'usm', views } as const
  engine.configure(
    [],
    new Vacm(
      [{ securityModel: 'usm', securityName: 'ann', groupName: 'g' }],
      [{ ...entry, securityLevel: 'authNoPriv' }],
      [{ viewName: 'all', subtree: [1], mask: new Uint8Array(0), included: true }],
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
  const peerTaking = (maxMessageSize: number) => {
    const peer = new UsmPeer({ clock, userName: 'ann', level, keysFor: () => user, maxMessageSize })
    const ask = (maxRepetitions: number) =>
      send(
        peer.encode(
          1,
          (out) => writePdu(out, 'getBulkRequest', 1, [{ name: root, value: nullValue }], 0, maxRepetitions),
          true,
        )!,
      )
    const discovery = ask(0)
    const report = peer.decode(discovery!)
    peer.learnEngine(report!.engineId)
    peer.decode(ask(0)!) // its time
    return { peer, ask }
  }
  return { peerTaking, statistics }
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
        // As many as fit: one more of about 55 octets would not have, beside the envelope.
        const left = maxMessageSize - answer.length
        assert.ok(message.pdu.varbinds.length >= 201 || left < 256 + 60, `${left} octets were left`)
        assert.ok(message.pdu.varbinds.length > 0)
      }
    })
  }
}

test('a msgMaxSize below 484 is no message (RFC 3412 §6)', () => {
  const { peerTaking, statistics } = conversation('authPriv')
  assert.throws(() => peerTaking(483))
  assert.equal(statistics.snmpInASNParseErrs, 1)
})

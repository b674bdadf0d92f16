/** An engine on a network in memory: what is asked goes in as octets, what is answered comes out as octets. */
import { Vacm } from '../../agent/access/vacm.ts'
import { Engine, type EngineOptions } from '../../agent/engine.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import type { MibModule } from '../../lib/mib/module.ts'
import { Registry } from '../../lib/mib/registry.ts'
import { encodeRequest, type OutgoingPdu } from '../../snmp/manager/messages.ts'
import {
  type CommunityMessage,
  type CommunityVersion,
  decodeCommunityMessage,
} from '../../snmp/message/community-message.ts'

export interface TestEngine {
  readonly engine: Engine
  /** Resolves to the answer; undefined when there was none before the engine came to rest. */
  ask(pdu: Omit<OutgoingPdu, 'requestId'>, options?: AskOptions): Promise<CommunityMessage | undefined>
  /** Octets as they come; gives the octets of the answer. */
  send(bytes: Uint8Array, address?: string): Promise<Uint8Array | undefined>
}

interface AskOptions {
  readonly version?: CommunityVersion
  readonly community?: string
  readonly address?: string
}

export interface Families {
  readonly included: readonly (readonly number[])[]
  readonly excluded?: readonly (readonly number[])[]
}

export function testEngine(
  modules: readonly MibModule[],
  read: Families,
  write: Families = read,
  options: Partial<EngineOptions> & { readonly patienceMs?: number } = {},
): TestEngine {
  const registry = new Registry()
  for (const module of modules) registry.register(new ModuleBackend(module, { log: silentLog }))
  const engine = new Engine({ registry, log: silentLog, ...options })
  const families = (viewName: string, { included, excluded = [] }: Families) => [
    ...included.map((subtree) => ({ viewName, subtree, included: true, mask: new Uint8Array(0) })),
    ...excluded.map((subtree) => ({ viewName, subtree, included: false, mask: new Uint8Array(0) })),
  ]
  const access = {
    contextPrefix: '',
    contextMatch: 'exact',
    securityModel: 'any',
    securityLevel: 'noAuthNoPriv',
  } as const
  engine.configure(
    [
      { name: Buffer.from('public'), securityName: 'reader', contextName: '' },
      { name: Buffer.from('private'), securityName: 'writer', contextName: '' },
      { name: Buffer.from('nogroup'), securityName: 'stranger', contextName: '' },
    ],
    new Vacm(
      ['snmpv1', 'snmpv2c'].flatMap((securityModel) => [
        { securityModel: securityModel as 'snmpv1', securityName: 'reader', groupName: 'readers' },
        { securityModel: securityModel as 'snmpv1', securityName: 'writer', groupName: 'writers' },
      ]),
      [
        { ...access, groupName: 'readers', views: { read: 'read', write: '', notify: '' } },
        { ...access, groupName: 'writers', views: { read: 'read', write: 'write', notify: '' } },
      ],
      [...families('read', read), ...families('write', write)],
    ),
  )
  let requestId = 100
  const send = async (bytes: Uint8Array, address = '127.0.0.1'): Promise<Uint8Array | undefined> => {
    let answer: Uint8Array | undefined
    engine.receive(
      bytes,
      { address, port: 9 },
      {
        send(octets, from, to) {
          answer = Uint8Array.from(octets.subarray(from, to)) // slice of a Buffer would not copy
          return false
        },
      },
    )
    const deadline = performance.now() + (options.patienceMs ?? 0)
    for (let turn = 0; !answer && (turn < 20 || performance.now() < deadline); turn++) {
      await new Promise((resolve) => (turn < 20 ? setImmediate(resolve) : setTimeout(resolve, 1)))
    }
    return answer
  }
  return {
    engine,
    send,
    async ask(pdu, { version = 'v2c', community = 'private', address } = {}) {
      const answer = await send(encodeRequest(version, community, { ...pdu, requestId: ++requestId }), address)
      return answer && decodeCommunityMessage(answer)
    },
  }
}

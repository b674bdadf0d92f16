/** The event module in an agent of its own, on a clock that is moved by hand; what it notifies is written down. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Vacm } from '../../../agent/access/vacm.ts'
import { EngineLocalAgent } from '../../../agent/local-agent.ts'
import { declaredDefinitions, declaredNotifications } from '../../../catalogue.ts'
import { createLog } from '../../../lib/log/log.ts'
import { ConfigFile } from '../../../lib/mib/config.ts'
import { column, type Definition, defineScalars, defineTable } from '../../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../../lib/mib/module.ts'
import { Names } from '../../../lib/mib/names.ts'
import { counter32, counter64, gauge32, integer32, octetString, text, timeStamp } from '../../../lib/mib/syntax.ts'
import { errorStatusName } from '../../../lib/smi/error-status.ts'
import { type Oid, oid } from '../../../lib/smi/oid.ts'
import type { SnmpValue, Varbind } from '../../../lib/smi/value.ts'
import { type Clock, ManualClock } from '../../../lib/time/clock.ts'
import { eventModule } from '../../../subagents/event/index.ts'
import { testEngine } from '../../support/engine.ts'

export const arc = '1.3.6.1.4.1.32473.99'
const maybe = { presence: 'maybe' } as const

export const thing = defineScalars({
  name: 'thing',
  oid: `${arc}.1`,
  objects: {
    thingLevel: column(1, integer32(), 'read-write', maybe),
    thingCount: column(2, counter32(), 'read-only', maybe),
    thingName: column(3, text(0, 255), 'read-only', maybe),
    thingSwitch: column(4, integer32(0, 9), 'read-write'),
    thingRestarted: column(5, timeStamp(), 'read-only', maybe),
    thingWide: column(6, counter64(), 'read-only', maybe),
    thingDate: column(7, octetString(), 'read-only', maybe),
  },
})

export const partTable = defineTable({
  name: 'partTable',
  oid: `${arc}.2`,
  index: { partIndex: column(1, integer32(1, 100_000), 'not-accessible') },
  columns: {
    partLevel: column(2, gauge32()),
    partName: column(3, text(0, 32)),
    partSwitch: column(4, integer32(0, 9), 'read-write'),
    partCount: column(5, counter32(), 'read-only', maybe),
    partRestarted: column(6, timeStamp(), 'read-only', maybe),
  },
})

export interface Told {
  readonly trapOid: string
  readonly varbinds: readonly string[]
  readonly sentence: string
}

export interface EventsUnderTest {
  /** Modules whose objects are sampled too. */
  readonly others?: readonly MibModule[]
  readonly clock?: Clock
  /** What eventAgent may read, by name; all that there is when it is left out. */
  readonly visible?: readonly string[]
  /** What eventAgent may not read. */
  readonly hidden?: readonly Oid[]
  readonly onSlice?: (tookMs: number) => void
  /** Where its samples are kept. */
  readonly samplesPath?: string
  /** Where raised alarms are kept. */
  readonly alarmsPath?: string
}

export async function startEvents(
  lines: string,
  { others = [], clock = new ManualClock(), visible, hidden = [], ...options }: EventsUnderTest = {},
) {
  const things = serve(thing)
  things.table.put({ thingLevel: 0, thingSwitch: 0 })
  const parts = serve(partTable)
  const own: MibModule = {
    name: 'thing',
    description: 'thing',
    oid: oid(arc),
    tables: [things, parts].map(anyServing),
  }
  const told: Told[] = []
  const logged: string[] = []
  const { module, configured } = eventModule(options)
  const names = new Names(
    [thing as unknown as Definition, partTable as unknown as Definition, ...declaredDefinitions],
    declaredNotifications,
  )
  const engine = testEngine([own, ...others, module], { included: [oid('1.3')] }, undefined, { patienceMs: 1000 })
  const view = (viewName: string, subtree: Oid, included = true) => ({
    viewName,
    subtree,
    included,
    mask: new Uint8Array(0),
  })
  const access = {
    contextPrefix: '',
    contextMatch: 'exact',
    securityModel: 'any',
    securityLevel: 'noAuthNoPriv',
  } as const
  const vacm = new Vacm(
    [
      { securityModel: 'usm', securityName: 'eventAgent', groupName: 'local' },
      { securityModel: 'snmpv2c', securityName: 'writer', groupName: 'writers' },
    ],
    [
      { ...access, groupName: 'local', views: { read: visible ? 'watch' : 'all', write: '', notify: '' } },
      { ...access, groupName: 'writers', views: { read: 'all', write: 'all', notify: '' } },
    ],
    [
      view('all', oid('1.3')),
      ...hidden.map((subtree) => view('all', subtree, false)),
      ...(visible ?? []).map((name) => view('watch', names.resolve(name)!)),
    ],
  )
  const localAgent = new EngineLocalAgent({
    engine: engine.engine,
    rights: vacm,
    names,
    notify: ({ trapOid, varbinds }, sentence) => {
      const shown = varbinds.map(({ name, value }) => `${names.format(name)} = ${names.formatValue(name, value)}`)
      told.push({ trapOid: names.format(trapOid), varbinds: shown, sentence })
    },
  })
  const host: ModuleHost = {
    clock,
    log: createLog({ component: 'event', write: (line) => logged.push(line) }),
    signal: new AbortController().signal,
    localAgent,
    upTimeTicks: () => Math.floor(clock.monotonicMs() / 10),
    notify: () => {
      throw new Error('its notifications go by the local agent')
    },
  }
  const path = join(mkdtempSync(join(tmpdir(), 'event-')), 'eventagt.cnf')
  writeFileSync(path, lines)
  const file = new ConfigFile(configured, {
    path,
    overlayPath: `${path}.overlay`,
    resolveName: (name) => names.resolve(name),
  })
  const complaints = await file.load()
  await module.start!(host)

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  const ask = async (type: 'getRequest' | 'setRequest', varbinds: readonly Varbind[]) =>
    (await engine.ask({ type, varbinds }))!
  return {
    clock,
    complaints,
    logged,
    told,
    module,
    names,
    path,
    file,
    things: things.table,
    parts: parts.table,
    settle,
    /** Lets so many seconds pass, one after the other, and what runs in each come to its end. */
    async pass(seconds: number): Promise<void> {
      if (!(clock instanceof ManualClock)) throw new Error('this clock goes by itself')
      // By halves: what is due twice within one step would find itself still at work.
      for (let half = 0; half < 2 * seconds; half++) {
        clock.advance(500)
        await settle()
      }
    },
    /** What was told since it was last asked, as sentences. */
    sentences(): string[] {
      return told.splice(0).map(({ sentence }) => sentence)
    },
    /** Sets named objects at once: what came of it. */
    async set(changes: Readonly<Record<string, SnmpValue>>): Promise<string> {
      const varbinds = Object.entries(changes).map(([name, value]) => ({ name: names.resolve(name)!, value }))
      const { errorStatus, errorIndex } = await ask('setRequest', varbinds)
      return errorStatus === 0 ? 'noError' : `${errorStatusName(errorStatus)} ${errorIndex}`
    },
    async get(name: string): Promise<unknown> {
      const { varbinds } = await ask('getRequest', [{ name: names.resolve(name)!, value: { type: 'Null' } }])
      const { name: found, value } = varbinds[0]!
      return value.type.startsWith('noSuch') ? value.type : names.formatValue(found, value)
    },
    stop: () => module.stop!(),
  }
}

/** The instance of a row whose owner is `o`: the name is IMPLIED. */
export const at = (name: string): string => `1.111.${[...Buffer.from(name)].join('.')}`

export const integer = (value: number): SnmpValue => ({ type: 'Integer32', value })
export const unsigned = (value: number): SnmpValue => ({ type: 'Gauge32', value })
export const string = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
export const bits = (octet: number): SnmpValue => ({ type: 'OctetString', value: Uint8Array.of(octet) })
export const identifier = (dotted: string): SnmpValue => ({ type: 'ObjectIdentifier', value: oid(dotted) })

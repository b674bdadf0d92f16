import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { noFailures } from '../../../lib/files/storage.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../../lib/mib/module.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { oid } from '../../../lib/smi/oid.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { hostModule } from '../../../subagents/host/index.ts'
import { siLogTable } from '../../../subagents/log/mib.ts'
import { sipModules } from '../../../subagents/sip/index.ts'
import { Processors } from './machine.ts'
import { startEvents } from './support.ts'

const shipped = (file: string): string => readFileSync(join(programRoot, 'conf/agent', file), 'utf8')
const eventagt = shipped('eventagt.cnf')
/** The view that the local user eventAgent reads, as it is shipped. */
const watched = [...shipped('snmpd.cnf').matchAll(/^vacmViewTreeFamilyEntry watch (\S+) - included/gm)].map(
  ([, name]) => name!,
)
const root = mkdtempSync(join(tmpdir(), 'castellan-shipped-'))
const clock = new ManualClock()
/** What a test turns. */
const machine = {
  processorPercent: 5,
  blocksPercent: 10,
  inodesPercent: 10,
  users: 0,
  logOctets: 0,
  sipMemoryPercent: 5,
  /** What sipd answers INVITEs with. */
  status: undefined as number | undefined,
}
const answers: Record<number, number> = {}
let agent: Awaited<ReturnType<typeof startEvents>>
let processors: Processors
const stop = new AbortController()
const turn = (change: Partial<typeof machine>) => (): void => void Object.assign(machine, change)

const proc = (file: string, pattern: RegExp, by: string): void => {
  const path = join(root, 'proc', file)
  writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, by))
}

function hosted(): MibModule {
  const statfs = () => ({
    ask: async () => ({
      size: {
        blockOctets: 4096,
        blocks: 1000,
        freeBlocks: 1000 - 10 * machine.blocksPercent,
        availableBlocks: 1000 - 10 * machine.blocksPercent,
        inodes: 1000,
        freeInodes: 1000 - 10 * machine.inodesPercent,
      },
    }),
    stop: () => {},
  })
  return hostModule({ root, packagesFolder: join(root, 'dpkg'), statfs }).module
}

function sip(): MibModule[] {
  return sipModules({
    clock,
    version: '1.0.0',
    counters: () => ({
      methods: { INVITE: { requestsIn: 0, requestsOut: 0, responsesIn: {}, responsesOut: { ...answers } } },
      transactions: 0,
      unsupportedUris: 0,
      unsupportedMethods: 0,
      discarded: 0,
      acceptedRegistrations: 0,
      rejectedRegistrations: 0,
      noRoom: {},
    }),
    lastInboundMs: () => undefined,
    lastOutboundMs: () => undefined,
    state: () => 'up',
    listen: [{ address: '127.0.0.1', port: 5060, transports: ['udp'] }],
    tlsPort: undefined,
    methods: ['INVITE'],
    isRedirectServer: false,
    // RegistrarMaxUsers as it is without a line in sipd.conf.
    limits: () => ({ maxExpiresSeconds: 3600, defaultExpiresSeconds: 3600, users: 20_000, transactions: 1000 }),
    registeredUsers: () => machine.users,
    currentTransactions: () => 0,
    connections: () => 0,
    storage: noFailures,
    memory: () => ({
      registrations: { octets: 0, bound: 64_000_000, percent: 0 },
      traffic: { octets: 0, bound: 256_000_000, percent: machine.sipMemoryPercent },
      holdings: {},
    }),
  })
}

function logs(): MibModule {
  const files = serve(siLogTable, { live: { siLogSize: () => machine.logOctets } as never })
  files.table.put({ siLogIndex: 1, siLogFileName: '/var/log/sipd/error_log' } as never)
  return { name: 'log', description: 'log', oid: oid('1.3.6.1.4.1.32473.12.40'), tables: [files].map(anyServing) }
}

describe('each trigger of the shipped eventagt.cnf, read through the shipped view', () => {
  before(async () => {
    cpSync(join(programRoot, 'test/fixtures/proc/machine'), root, { recursive: true })
    proc('meminfo', /^Swap(Total|Free): .*$/gm, 'Swap$1: 1000000 kB')
    proc('loadavg', /^\S+ \S+/, '0.50 0.50')
    processors = new Processors(root)
    const modules = [hosted(), ...sip()]
    // As of a subagent: the master's time wavers by a tick from one of its answers to the next.
    let asked = 0
    const host: ModuleHost = {
      clock,
      log: silentLog,
      signal: stop.signal,
      upTimeTicks: () => Math.floor(clock.monotonicMs() / 10) + (asked++ % 2),
      notify: () => {},
    }
    clock.advance(60_000)
    for (const module of modules) await module.start?.(host)
    agent = await startEvents(eventagt, { clock, others: [...modules, logs()], visible: watched })
    assert.deepEqual(agent.complaints, [])
    await pass(180)
    agent.told.length = 0
  })
  after(async () => {
    await agent.stop()
    stop.abort()
    rmSync(root, { recursive: true, force: true })
  })

  const pass = async (seconds: number): Promise<void> => {
    for (let done = 0; done < seconds; done += 5) {
      processors.work(5, machine.processorPercent)
      if (machine.status !== undefined) answers[machine.status] = (answers[machine.status] ?? 0) + 2
      await agent.pass(5)
    }
  }
  /** 24 INVITEs a minute get this answer. */
  const status = (code: number) => [turn({ status: code }), turn({ status: undefined })]

  /** By trigger: what drives its object over the threshold, and what ends that. */
  const drives: Readonly<Record<string, readonly (() => void)[]>> = {
    processor: [turn({ processorPercent: 95 }), turn({ processorPercent: 5 })],
    memory: [
      () => proc('meminfo', /^MemAvailable: .*$/m, 'MemAvailable: 1000000 kB'),
      () => proc('meminfo', /^MemAvailable: .*$/m, 'MemAvailable: 20000000 kB'),
    ],
    swap: [
      () => proc('meminfo', /^SwapFree: .*$/m, 'SwapFree: 400000 kB'),
      () => proc('meminfo', /^SwapFree: .*$/m, 'SwapFree: 900000 kB'),
    ],
    disk: [turn({ blocksPercent: 95 }), turn({ blocksPercent: 10 })],
    inodes: [turn({ inodesPercent: 95 }), turn({ inodesPercent: 10 })],
    load: [() => proc('loadavg', /^\S+ \S+/, '9.00 9.00'), () => proc('loadavg', /^\S+ \S+/, '0.50 0.50')],
    registrations: [turn({ users: 18_000 }), turn({ users: 15_999 })],
    sipMemory: [turn({ sipMemoryPercent: 95 }), turn({ sipMemoryPercent: 5 })],
    sip500: status(500),
    sip503: status(503),
    sip504: status(504),
    log: [turn({ logOctets: 4_600_000 }), turn({ logOctets: 0 })],
  }
  const told = (trigger: string): string[] =>
    agent.told.filter(({ varbinds }) => varbinds.includes(`mteHotTrigger.0 = ${trigger}`)).map(({ trapOid }) => trapOid)

  for (const [trigger, [raise, end]] of Object.entries(drives))
    test(`${trigger} rises when its object does, and falls when that is over`, async () => {
      agent.told.length = 0
      raise!()
      await pass(120)
      assert.ok(told(trigger).length > 0, `${trigger} rose`)
      assert.ok(told(trigger).every((trapOid) => trapOid === 'mteTriggerRising'))
      agent.told.length = 0
      end!()
      await pass(120)
      assert.ok(told(trigger).length > 0, `${trigger} fell`)
      assert.ok(told(trigger).every((trapOid) => trapOid === 'mteTriggerFalling'))
    })

  test('registrationsLost tells when 100 users are gone within a minute', async () => {
    machine.users = 500
    await pass(120)
    agent.told.length = 0
    machine.users = 390
    await pass(60)
    assert.deepEqual(told('registrationsLost'), ['mteTriggerFalling'])
  })

  test('and there is no other trigger', () => {
    const triggers = [...eventagt.matchAll(/^mteTriggerEntry castellan (\S+)/gm)].map(([, name]) => name)
    assert.deepEqual(triggers.sort(), [...Object.keys(drives), 'registrationsLost'].sort())
  })
})

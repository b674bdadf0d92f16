/** The backup module in an engine of its own: time is driven by hand, devices and jobs are what a test says. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownFeatures } from '../../../backup/plan/features.ts'
import { declaredNames } from '../../../catalogue.ts'
import type { Answer, Inquiry } from '../../../lib/backup/inquiry.ts'
import type { JobRequest, JobStatus } from '../../../lib/backup/job.ts'
import { readRequest, statusPathOf } from '../../../lib/backup/job-folder.ts'
import { NodeError, type NodeReport, type NodeSettings } from '../../../lib/backup/node.ts'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ConfigFile } from '../../../lib/mib/config.ts'
import type { ModuleHost } from '../../../lib/mib/module.ts'
import { thisProcess } from '../../../lib/proc/process.ts'
import { errorStatusName } from '../../../lib/smi/error-status.ts'
import { type Oid, oid } from '../../../lib/smi/oid.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { backupModule } from '../../../subagents/backup/index.ts'
import { type Assignment, encode } from '../../../subagents/backup/operator.ts'
import { until } from '../../support/appliance.ts'
import { testEngine } from '../../support/engine.ts'

/** A Monday. */
export const startMs = Date.UTC(2026, 10, 30, 12)
const subtree = oid('1.3.6.1.4.1.32473.12.101')

export type Values = Readonly<Record<string, string>>

export function objectNamed(name: string): Oid {
  const found = declaredNames.resolve(name)
  if (!found) throw new Error(`no object ${name}`)
  return found
}

/** `folder` is a home that an earlier bench has left. */
export async function backupBench({
  folder = mkdtempSync(join(tmpdir(), 'backup-')),
  answer = {} as Partial<Answer>,
  node = undefined as NodeReport | NodeError | undefined,
} = {}) {
  const clock = new ManualClock(startMs)
  const home = resolveHome(folder)
  const asked: Inquiry[] = []
  const askedNodes: NodeSettings[] = []
  const started: string[] = []
  const told: string[] = []
  const exits: ((failure: string | undefined) => void)[] = []
  const { module, configured, order } = backupModule(home, {
    knownFeatures,
    ask: async (inquiry) => {
      asked.push(inquiry)
      return { steps: [], sets: [], ...answer }
    },
    askNode: async (settings) => {
      askedNodes.push(settings)
      if (node === undefined) throw new NodeError('unreachable', `${settings.name} did not answer`)
      if (node instanceof NodeError) throw node
      return node
    },
    runJob: (jobFolder) => {
      started.push(jobFolder)
      return new Promise((resolve) => exits.push(resolve))
    },
  })
  const host: ModuleHost = {
    ...{ clock, log: silentLog, signal: new AbortController().signal, upTimeTicks: () => 0 },
    notify: (notification, _, __, sentence) => void told.push(`${notification.name}: ${sentence}`),
  }
  await module.start?.(host)
  const engine = testEngine([module], { included: [subtree] })
  const set = async (values: Values): Promise<string | undefined> => {
    const varbinds = Object.entries(values).map(([name, text]) => {
      const syntax = declaredNames.objectOf(objectNamed(name))?.syntax
      const value = syntax?.parse(text)
      if (!syntax || value === undefined) throw new Error(`${name} cannot be ${text}`)
      return { name: objectNamed(name), value: syntax.toSnmp(value) }
    })
    const done = await engine.ask({ type: 'setRequest', varbinds })
    return done && errorStatusName(done.errorStatus)
  }
  const get = async (name: string): Promise<string> => {
    const done = await engine.ask({
      type: 'getRequest',
      varbinds: [{ name: objectNamed(name), value: { type: 'Null' } }],
    })
    const varbind = done?.varbinds[0]
    return varbind ? declaredNames.formatValue(varbind.name, varbind.value) : 'no answer'
  }
  const path = join(folder, 'reloaded.cnf')
  const config = new ConfigFile(configured, { path, resolveName: (name) => declaredNames.resolve(name) })
  const bench = {
    ...{ module, clock, home, folder, asked, askedNodes, started, told, set, get },
    /** A device whose number this is, and which is ready. */
    async addDevice(index: number, values: Values = {}): Promise<string | undefined> {
      const columns = { drsDeviceName: `disk ${index}`, drsDeviceType: 'local', drsDevicePath: '/backup', ...values }
      return set({ ...numbered(columns, index), [`drsDeviceRowStatus.${index}`]: 'createAndGo' })
    },
    /** A node whose number this is. */
    addNode: (index: number, values: Values = {}) =>
      set({
        ...numbered({ drsNodeName: `node${index}`, drsNodeHost: '192.0.2.1', ...nodeSecrets, ...values }, index),
        [`drsNodeRowStatus.${index}`]: 'createAndGo',
      }),
    startJob: (job: number, values: Values = { drsJobDevice: '1' }) =>
      set({ ...numbered(values, job), [`drsJobRowStatus.${job}`]: 'createAndGo' }),
    /** Waits for the start of so many jobs, and gives the request of the last. */
    async requestOf(count: number): Promise<JobRequest | undefined> {
      await until(() => started.length === count, 5000, 'the start of the job')
      return readRequest(started.at(-1) ?? '')
    },
    /** The job says this of itself, and is read. */
    async says(status: Partial<JobStatus>): Promise<void> {
      await writeFile(statusPathOf(started.at(-1) ?? ''), JSON.stringify({ ...running(clock), ...status }))
      clock.advance(500)
    },
    /** The job says how it ended, its process ends, and that is in the history. */
    async ends(job: number, status: Partial<JobStatus> = {}): Promise<void> {
      const ended = { state: 'completed', result: 'succeeded', percent: 100, endedMs: clock.now(), ...status } as const
      await bench.says(ended)
      await until(async () => (await get(`drsJobStatus.${job}`)) === 'completed(4)', 5000, 'the end of the job')
      exits.at(-1)?.(undefined)
    },
    /** As utils disaster_recovery asks, over the control socket. */
    order: (assignments: readonly Assignment[]) =>
      order(['set', encode(assignments)], declaredNames, async (varbinds) => {
        const done = await engine.ask({ type: 'setRequest', varbinds })
        if (done?.errorStatus !== 0) throw new Error(`refused: ${done && errorStatusName(done.errorStatus)}`)
      }),
    /** The module's file holds this from now on. */
    async reload(text: string): Promise<void> {
      await writeFile(path, text)
      assert.deepEqual(await config.load(), [])
    },
    exit: (failure: string | undefined) => exits.at(-1)?.(failure),
  }
  return bench
}

const nodeSecrets = {
  drsNodeUserName: 'drs-sip1',
  drsNodeAuthPassphrase: 'authentication phrase',
  drsNodePrivPassphrase: 'privacy phrase',
}

function numbered(values: Values, index: number): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${name}.${index}`, value]))
}

function running(clock: ManualClock): JobStatus {
  const { pid, startTicks } = thisProcess()
  return {
    ...{ job: 1, pid, startTicks: String(startTicks), state: 'running', result: 'none', percent: 0 },
    ...{ feature: '', component: '', startedMs: clock.now(), writtenMs: clock.now(), octets: 0, set: 'a set' },
    ...{ features: ['AGENT'], components: [], alarms: [], error: '' },
  }
}

/** The local agent of another node, as its SNMP agent shows it (CASTELLAN-BACKUP-MIB), driven over SNMPv3 with privacy. */
import { lookup } from 'node:dns/promises'
import {
  type LocalAgent,
  NodeError,
  type NodeReport,
  type NodeSettings,
  type NodeTask,
  type TaskState,
} from '../lib/backup/node.ts'
import { parseSetName } from '../lib/backup/set-name.ts'
import { messageOf } from '../lib/errors.ts'
import type { ChangesOf } from '../lib/mib/declare.ts'
import { readRow, varbindsOf } from '../lib/mib/row-requests.ts'
import { walkTable } from '../lib/mib/table-walk.ts'
import type { Varbind } from '../lib/smi/value.ts'
import { Manager, ReportError, ResponseError, TimeoutError } from '../snmp/manager/manager.ts'
import { authProtocols, privProtocols } from '../snmp/security/usm/protocols.ts'
import {
  drsComponentTable,
  drsDeviceTable,
  drsFeatureTable,
  drsGlobals,
  drsHistoryTable,
  drsJobTable,
} from '../subagents/backup/mib.ts'
import { deviceColumnsOf } from '../subagents/backup/settings.ts'

const timeoutMs = 2000
const retries = 2
/** Rows of tasks are beyond those that people number. */
const firstTaskDevice = 1001

const jobColumns = [
  'drsJobStatus',
  'drsJobResult',
  'drsJobPercent',
  'drsJobFeature',
  'drsJobComponent',
  'drsJobError',
  'drsJobFeatures',
  'drsJobPart',
  'drsJobPartOctets',
  'drsJobPartTarOctets',
  'drsJobPartHash',
  'drsJobPartSigningKey',
] as const
type JobColumns = Pick<ChangesOf<typeof drsJobTable>, (typeof jobColumns)[number]>

export class RemoteAgent implements LocalAgent {
  readonly #settings: NodeSettings
  readonly #types = new Map<number, NodeTask['type']>()
  #manager: Manager | undefined

  constructor(settings: NodeSettings) {
    this.#settings = settings
  }

  async begin(task: NodeTask): Promise<number> {
    const { name } = this.#settings
    const { drsSoftwareVersion: version, drsJobNextIndex: job, drsCurrentJob: current } = await this.#globals()
    const wanted = parseSetName(task.set)?.version
    const isAnyVersion = task.type === 'restore' && task.anyVersion
    if (version !== wanted && !isAnyVersion)
      throw new NodeError(
        'refused',
        `${name} runs Castellan ${version}, and the backup is of ${wanted}; install the same`,
      )
    if (current !== 0)
      throw new NodeError('refused', `job ${current} is running on ${name}; wait for its end, or cancel it there`)
    if (!job) throw new NodeError('notServing', `${name} has no number for a job`)
    const drsDeviceIndex = await this.#makeDevice(task)
    try {
      await this.#set(varbindsOf(drsJobTable, { drsJobIndex: job }, await this.#jobRow(task, drsDeviceIndex)))
    } finally {
      // The job has its own copy of the settings by now, and nobody needs their secrets here any more.
      await this.#removeDevice(drsDeviceIndex).catch(() => {})
    }
    this.#types.set(job, task.type)
    return job
  }

  async look(job: number): Promise<TaskState> {
    const row = await this.#ask((agent) =>
      readRow(agent, drsJobTable, { index: { drsJobIndex: job }, columns: jobColumns }),
    )
    return row.drsJobStatus === undefined ? this.#lookBack(job) : stateOf(row)
  }

  async keep(job: number): Promise<void> {
    await this.#order(job, 'keep')
  }

  async cancel(job: number): Promise<void> {
    await this.#order(job, 'cancel')
  }

  async report(): Promise<NodeReport> {
    const { drsMasterAgentNode: name = '', drsSoftwareVersion: version = '' } = await this.#globals()
    const features = await this.#ask((agent) => walkTable(agent, drsFeatureTable))
    const components = await this.#ask((agent) => walkTable(agent, drsComponentTable))
    return {
      name,
      version,
      features: features.map(({ drsFeatureIndex, drsFeatureName = '', drsFeatureRequired = false }) => {
        // Those of other nodes, which it may be the master of, are not its own.
        const own = components.filter((one) => one.drsFeatureIndex === drsFeatureIndex && one.drsComponentNode === name)
        return {
          name: drsFeatureName,
          isRequired: drsFeatureRequired,
          order: own[0]?.drsComponentOrder ?? 0,
          components: own.flatMap(({ drsComponentName }) => drsComponentName ?? []),
        }
      }),
    }
  }

  /** Proves that this node may set as well as read: a job that is made and never started. */
  async verify(): Promise<NodeReport> {
    const report = await this.report()
    const { drsJobNextIndex } = await this.#globals()
    const index = { drsJobIndex: drsJobNextIndex }
    await this.#set(varbindsOf(drsJobTable, index, { drsJobRowStatus: 'createAndWait' }))
    await this.#set(varbindsOf(drsJobTable, index, { drsJobRowStatus: 'destroy' }))
    return report
  }

  async close(): Promise<void> {
    this.#manager?.close()
    this.#manager = undefined
  }

  /** Of a backup module that runs, on the node that the settings name. */
  async #globals() {
    const { name, user } = this.#settings
    const columns = [
      'drsMasterAgentStatus',
      'drsMasterAgentNode',
      'drsSoftwareVersion',
      'drsCurrentJob',
      'drsJobNextIndex',
    ] as const
    const found = await this.#ask((agent) => readRow(agent, drsGlobals, { index: {}, columns }))
    if (found.drsMasterAgentStatus !== 'up')
      throw new NodeError(
        'notServing',
        `${name} answers, but shows no backup module to user ${user.name}: start its subagents, or add the node again`,
      )
    if (found.drsMasterAgentNode !== name)
      throw new NodeError(
        'refused',
        `the machine at ${this.#settings.host} calls itself ${found.drsMasterAgentNode}, not ${name}; remove the node and add it again`,
      )
    return found
  }

  /** A row of this task's own, which no file keeps. Gives its number. */
  async #makeDevice(task: NodeTask): Promise<number> {
    const drsDeviceName = `task of ${task.master.replace(/[^A-Za-z0-9 _-]/g, '-')}`.slice(0, 64)
    const rows = await this.#ask((agent) => walkTable(agent, drsDeviceTable))
    for (const row of rows) if (row.drsDeviceName === drsDeviceName) await this.#removeDevice(row.drsDeviceIndex)
    const drsDeviceIndex = Math.max(firstTaskDevice, ...rows.map((row) => row.drsDeviceIndex + 1))
    await this.#set(
      varbindsOf(
        drsDeviceTable,
        { drsDeviceIndex },
        {
          ...deviceColumnsOf(task.device),
          drsDeviceName,
          drsDeviceStorageType: 'volatile',
          drsDeviceRowStatus: 'createAndGo',
        },
      ),
    )
    return drsDeviceIndex
  }

  #removeDevice(drsDeviceIndex: number): Promise<unknown> {
    return this.#set(varbindsOf(drsDeviceTable, { drsDeviceIndex }, { drsDeviceRowStatus: 'destroy' }))
  }

  async #jobRow(task: NodeTask, drsJobDevice: number): Promise<ChangesOf<typeof drsJobTable>> {
    const shared = { drsJobDevice, drsJobFileName: task.set, drsJobMaster: task.master } as const
    const go = { drsJobRowStatus: 'createAndGo' } as const
    if (task.type === 'restore')
      return {
        ...{ ...shared, drsJobType: 'restore', drsJobFeatures: task.features.join(',') },
        ...{ drsJobFingerprint: task.fingerprint, drsJobAnyVersion: task.anyVersion, ...go },
      }
    const drsJobFeatures = (await this.#knownOf(task.features)).join(',')
    return { ...shared, drsJobType: 'backup', drsJobFeatures, drsJobRecipients: task.recipients.join(','), ...go }
  }

  /** The required ones as well, for none at all would mean every one. */
  async #knownOf(features: readonly string[]): Promise<readonly string[]> {
    if (features.length === 0) return features
    const rows = await this.#ask((agent) => walkTable(agent, drsFeatureTable))
    return rows.flatMap(({ drsFeatureName: name, drsFeatureRequired: isRequired }) =>
      name !== undefined && (isRequired || features.includes(name)) ? [name] : [],
    )
  }

  /** Of a job that the node shows no more, since its subagents were started again meanwhile. */
  async #lookBack(job: number): Promise<TaskState> {
    const index = { drsHistoryType: this.#types.get(job) ?? 'backup', drsHistoryIndex: job }
    const columns = ['drsHistoryResult', 'drsHistoryError'] as const
    const past = await this.#ask((agent) => readRow(agent, drsHistoryTable, { index, columns }))
    const { drsHistoryResult: result, drsHistoryError: error = '' } = past
    if (result === undefined)
      throw new NodeError('notServing', `${this.#settings.name} does not know job ${job}; look at its subagents`)
    return { isCompleted: true, result, percent: 100, component: '', error }
  }

  async #order(drsJobIndex: number, drsJobControl: 'keep' | 'cancel'): Promise<void> {
    try {
      await this.#set(varbindsOf(drsJobTable, { drsJobIndex }, { drsJobControl }))
    } catch (error) {
      // The job has just ended.
      if (!(error instanceof NodeError && error.fault === 'refused')) throw error
    }
  }

  #set(varbinds: readonly Varbind[]): Promise<unknown> {
    return this.#ask((agent) => agent.set(varbinds))
  }

  async #ask<T>(act: (agent: Manager) => Promise<T>): Promise<T> {
    try {
      this.#manager ??= await openManager(this.#settings)
      return await act(this.#manager)
    } catch (error) {
      throw error instanceof NodeError ? error : nodeError(error, this.#settings)
    }
  }
}

async function openManager({ name, host, port, user }: NodeSettings): Promise<Manager> {
  const auth = authProtocols.find((one) => one.name === user.authProtocol)
  const priv = privProtocols.find((one) => one.name === user.privProtocol)
  if (!auth || !priv) throw new NodeError('unauthorized', `the protocols of node ${name} are not known here`)
  const { address } = await lookup(host)
  const credentials = {
    userName: user.name,
    auth: { protocol: auth, passphrase: user.authPassphrase },
    priv: { protocol: priv, passphrase: user.privPassphrase },
  }
  return new Manager({ host: address, port, security: { version: 'v3', credentials }, timeoutMs, retries })
}

function nodeError(error: unknown, { name, host, port, user }: NodeSettings): NodeError {
  const options = { cause: error }
  const reason = messageOf(error)
  if (error instanceof ReportError)
    return new NodeError(
      'unauthorized',
      `${name} refuses user ${user.name}: ${reason}; add the node again: utils disaster_recovery node add ${host}`,
      options,
    )
  if (error instanceof ResponseError) {
    const isDenied = error.status === 'noAccess' || error.status === 'authorizationError'
    return new NodeError(isDenied ? 'unauthorized' : 'refused', `${name} refused the task: ${reason}`, options)
  }
  const advice =
    error instanceof TimeoutError ? 'look whether it runs, and at the network and its firewall' : 'try again'
  return new NodeError('unreachable', `cannot reach ${name} at ${host}, port ${port}: ${reason}; ${advice}`, options)
}

function stateOf(row: JobColumns): TaskState {
  const part = row.drsJobPart ?? 'none'
  return {
    isCompleted: row.drsJobStatus === 'completed',
    result: row.drsJobResult ?? 'none',
    percent: row.drsJobPercent ?? 0,
    component: [row.drsJobFeature, row.drsJobComponent].filter(Boolean).join(' '),
    error: row.drsJobError ?? '',
    ...(part !== 'none' && {
      part: {
        octets: Number(row.drsJobPartOctets ?? 0n),
        tarOctets: Number(row.drsJobPartTarOctets ?? 0n),
        sha256: Buffer.from(row.drsJobPartHash ?? []).toString('hex'),
        isPartial: part === 'partial',
        features: (row.drsJobFeatures ?? '').split(',').filter((name) => name !== ''),
        signingKey: row.drsJobPartSigningKey ?? '',
      },
    }),
  }
}

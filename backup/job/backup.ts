/** A backup: writes this node's archive to a device, and the list of the set where it is the one to do so. */
import { createHash } from 'node:crypto'
import type { BackupRequest, JobResult } from '../../lib/backup/job.ts'
import type { BackupTask } from '../../lib/backup/node.ts'
import { archiveNameOf, formatSetName, listNameOf } from '../../lib/backup/set-name.ts'
import { messageOf } from '../../lib/errors.ts'
import {
  type MachineKeys,
  openMachineKeys,
  type RecoveryKey,
  readRecoveryKey,
  recoveryFileNameOf,
} from '../archive/keys.ts'
import { type ListedNode, serializeSetList } from '../archive/set-list.ts'
import { textOfKey } from '../archive/signature.ts'
import type { SourceComponent } from '../archive/source.ts'
import type { ComponentResult, TarEvents } from '../archive/tar-writer.ts'
import { type WrittenArchive, writeArchive } from '../archive/write-archive.ts'
import { type Device, DeviceError } from '../device/device.ts'
import { chooseFeatures, knownFeatures } from '../plan/features.ts'
import { sourcesOf } from '../plan/sources.ts'
import { removeDrafts } from '../retention.ts'
import { isCanceled, type JobContext, JobFailure, throwIfCanceled } from './context.ts'
import { emptyFolder, removeFolder } from './folders.ts'
import { JobNodes } from './nodes.ts'
import { partsOf } from './parts.ts'

export async function runBackup(context: JobContext, request: BackupRequest): Promise<JobResult> {
  const { home, status, log, signal, clock, version } = context
  const set = { timeMs: request.timeMs, version }
  status.patch({ set: formatSetName(set) })
  const recovery = request.recipients === undefined ? await requireRecoveryKey(context) : undefined
  const keys = await openMachineKeys(home)
  const components = await plan(context, request)
  const device = context.openDevice(request.device)
  try {
    const left = await removeDrafts(device, { nowMs: clock.now(), ownNode: request.node }, signal)
    for (const name of left) log.info(`removed ${name} from ${device.name}: a job that was killed left it`)
    const backup = new Backup(context, request, { keys, recovery, device })
    if (!request.completesSet || !recovery) {
      if (recovery) await backup.putRecoveryFile(recovery)
      return await backup.writePart(archiveNameOf(set, request.node), components)
    }
    const task = taskOf(request, formatSetName(set), [recovery.recipient, keys.recipient])
    const nodes = new JobNodes(context, request, task, request.node)
    try {
      const archive = await backup.writeArchive(archiveNameOf(set, request.node), components)
      await backup.putRecoveryFile(recovery)
      backup.showOwn()
      const others = await partsOf({ set, device, outcomes: await nodes.finish(), status, signal })
      await backup.removeIfCanceled([
        archiveNameOf(set, request.node),
        ...others.flatMap((one) => one.archive?.name ?? []),
      ])
      await backup.writeList(listNameOf(set), { archive, others, recovery })
      // A set that lacks something pushes none out that is whole.
      if (backup.isComplete) await backup.prune()
      return backup.result
    } finally {
      await nodes.abandon()
    }
  } finally {
    removeFolder(home, 'work')
    await device.close()
  }
}

function taskOf({ node, device, features }: BackupRequest, set: string, recipients: readonly string[]): BackupTask {
  return { type: 'backup', set, master: node, device, features, recipients }
}

async function requireRecoveryKey({ home }: JobContext): Promise<RecoveryKey> {
  const recovery = await readRecoveryKey(home)
  if (recovery) return recovery
  throw new JobFailure(
    'there is no recovery key, without which nobody could restore the backup on another machine; run: utils disaster_recovery recovery_key',
  )
}

async function plan({ home, status, log }: JobContext, request: BackupRequest): Promise<SourceComponent[]> {
  let features: ReturnType<typeof chooseFeatures>
  try {
    features = chooseFeatures(knownFeatures(home, request.declared), request.features)
  } catch (error) {
    const text = `cannot choose what to back up: ${messageOf(error)}`
    status.alarm('noRegisteredFeature', request.features.join(' '), text)
    throw new JobFailure(text)
  }
  const components = await sourcesOf(features, { home, work: emptyFolder(home, 'work') })
  if (components.length === 0) {
    const text = 'there is nothing to back up: no feature has a component; look at conf/subagents/backup.cnf'
    status.alarm(features.length === 0 ? 'noRegisteredFeature' : 'noRegisteredComponent', '', text)
    throw new JobFailure(text)
  }
  const octets = components.reduce((sum, one) => sum + one.octets, 0)
  status.patch({ features: features.map(({ name }) => name) })
  status.expect(components, octets)
  log.info(`backing up ${features.map(({ name }) => name).join(', ')}: about ${octets} octets`)
  return components
}

/** What the list of a set is made of. */
interface Listed {
  readonly archive: WrittenArchive
  readonly others: readonly ListedNode[]
  readonly recovery: RecoveryKey
}

interface Parts {
  readonly keys: MachineKeys
  /** None where a master completes the set, with its own. */
  readonly recovery: RecoveryKey | undefined
  readonly device: Device
}

class Backup {
  readonly #context: JobContext
  readonly #request: BackupRequest
  readonly #parts: Parts
  #hasWarnings = false
  #failed: ComponentResult[] = []
  #others: readonly ListedNode[] = []

  constructor(context: JobContext, request: BackupRequest, parts: Parts) {
    this.#context = context
    this.#request = request
    this.#parts = parts
  }

  /** This node's archive, and those of all others. */
  get isComplete(): boolean {
    return this.#isOwnComplete && this.#others.every(({ result }) => result === 'complete')
  }

  get #isOwnComplete(): boolean {
    return this.#failed.length === 0
  }

  get result(): JobResult {
    if (this.#failed.some(({ isRequired }) => isRequired)) return 'failed'
    return this.#hasWarnings || !this.isComplete ? 'succeededWithWarnings' : 'succeeded'
  }

  get error(): string {
    return this.#failed.map(({ feature, component, failure }) => `${feature} ${component}: ${failure}`).join('; ')
  }

  /** The archive of this node, for the set of a master, which is told what to list. */
  async writePart(name: string, components: readonly SourceComponent[]): Promise<JobResult> {
    const { status } = this.#context
    const archive = await this.writeArchive(name, components)
    const signingKey = textOfKey(this.#parts.keys.signer)
    const isPartial = !this.#isOwnComplete
    status.patch({ part: { ...archive, isPartial, features: status.current.features, signingKey } })
    return this.result
  }

  /** Among the nodes of the job. */
  showOwn(): void {
    const { node } = this.#request
    const state = this.#isOwnComplete ? 'done' : 'partial'
    this.#context.status.node({ node, state, percent: 100, component: '', error: this.error })
  }

  /** Nothing of a backup that was canceled is left. */
  async removeIfCanceled(names: readonly string[]): Promise<void> {
    const { signal } = this.#context
    if (isCanceled(this.#context)) for (const name of names) await this.#parts.device.remove(name, signal)
    throwIfCanceled(this.#context)
  }

  async writeArchive(name: string, components: readonly SourceComponent[]): Promise<WrittenArchive> {
    const { log, signal, status } = this.#context
    const { keys, recovery, device } = this.#parts
    const writer = await device.create(name, signal)
    let archive: WrittenArchive
    try {
      archive = await writeArchive(
        {
          components,
          recipients: [...(recovery ? [recovery.recipient] : (this.#request.recipients ?? [])), keys.recipient],
          signingKey: keys.signingKey,
          about: () => this.#about(),
          events: this.#events(),
          signal,
        },
        async (octets) => {
          await writer.write(octets)
          status.transfer(octets.length)
        },
      )
      throwIfCanceled(this.#context)
      await writer.commit()
    } catch (error) {
      await writer.abort()
      throw error
    }
    log.info(`wrote ${name} to ${device.name}: ${archive.octets} octets, SHA-256 ${archive.sha256}`)
    if (this.#request.readsBack) await this.#readBack(name, archive)
    return archive
  }

  #about() {
    const { version, status } = this.#context
    const { node, timeMs } = this.#request
    const { features } = status.current
    return { version, node, timeMs, zone: zoneName(), features, result: this.result }
  }

  #events(): TarEvents {
    const { status, log } = this.#context
    let octets = 0
    let current: SourceComponent | undefined
    return {
      onComponent: (component) => {
        throwIfCanceled(this.#context)
        current = component
        octets = 0
        status.component(component.feature, component.component, { state: 'active' })
      },
      onOctets: (count) => {
        octets += count
        status.advance(count)
        if (current === undefined || current.octets === 0) return
        const percent = Math.min(99, Math.floor((100 * octets) / current.octets))
        status.component(current.feature, current.component, { percent })
      },
      onComponentEnd: (result) => {
        const { feature, component, failure, warnings, entries } = result
        for (const warning of warnings) log.warn(`${feature} ${component}: ${warning}`)
        if (warnings.length > 0) this.#hasWarnings = true
        if (failure !== undefined) this.#fail(result, failure)
        else {
          status.component(feature, component, { state: 'done', percent: 100, error: warnings.join('; ') })
          log.info(`${feature} ${component}: ${entries.length} entries`)
        }
      },
    }
  }

  #fail(result: ComponentResult, failure: string): void {
    const { feature, component } = result
    this.#failed.push(result)
    const text = `cannot back up ${feature} ${component}: ${failure}; the set is marked partial, and no older one is removed`
    this.#context.status.component(feature, component, { state: 'failed', error: failure })
    this.#context.status.alarm('maBackupComponentFailure', `${feature} ${component}`, text)
  }

  async #readBack(name: string, { octets, sha256 }: WrittenArchive): Promise<void> {
    const { signal, log } = this.#context
    const { device } = this.#parts
    const hash = createHash('sha256')
    let read = 0
    for await (const piece of device.read(name, 0, signal)) {
      hash.update(piece)
      read += piece.length
    }
    if (read === octets && hash.digest('hex') === sha256) {
      log.info(`read ${name} back: it is what was written`)
      return
    }
    await device.remove(name, signal)
    throw new DeviceError(
      `read ${name} back from ${device.name}: it is not what was written, and was removed; check the disk of the device`,
      { device: device.name, fault: 'notWritable', step: 'readBack' },
    )
  }

  /** Whoever has the passphrase needs nothing else from the lost machine. */
  async putRecoveryFile(recovery: RecoveryKey): Promise<void> {
    const { device } = this.#parts
    const { signal, log } = this.#context
    const name = recoveryFileNameOf(recovery)
    const there = (await device.list(signal)).find((file) => file.name === name)
    if (there?.octets === recovery.sealedIdentity.length) return
    await this.#put(name, recovery.sealedIdentity)
    log.info(`wrote ${name}, which opens the archives with the recovery passphrase`)
  }

  async writeList(name: string, { archive, others, recovery }: Listed): Promise<void> {
    const { version, status, log } = this.#context
    const { keys } = this.#parts
    this.#others = others
    const { node, timeMs } = this.#request
    const own: ListedNode = {
      node,
      result: this.#isOwnComplete ? 'complete' : 'partial',
      features: status.current.features,
      archive: { name: archiveNameOf({ timeMs, version }, node), ...archive },
      signingKey: textOfKey(keys.signer),
      error: this.error,
    }
    const content = {
      version,
      timeMs,
      zone: zoneName(),
      nodes: [own, ...others],
      recoveryRecipient: recovery.recipient,
    }
    await this.#put(name, serializeSetList(content, keys.signingKey))
    log.info(`wrote ${name}, signed by ${keys.fingerprint}`)
  }

  async #put(name: string, content: Buffer): Promise<void> {
    const { signal } = this.#context
    const writer = await this.#parts.device.create(name, signal)
    try {
      await writer.write(content)
      await writer.commit()
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  async prune(): Promise<void> {
    const { signal, log, clock, version } = this.#context
    const { device } = this.#parts
    const { retention } = this.#request.device
    const rules = { retention, nowMs: clock.now(), completed: { timeMs: this.#request.timeMs, version } }
    for (const name of await this.#context.prune(device, rules, signal))
      log.info(`removed ${name} from ${device.name}, which keeps ${retention} backups`)
  }
}

function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

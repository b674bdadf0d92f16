/** Restores features of an archive into a home: all is read and checked before anything is touched. */
import type { Component, Feature } from '../../lib/backup/feature.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { ArchiveError } from '../archive/archive-error.ts'
import type { ArchivedComponent, Manifest } from '../archive/manifest.ts'
import type { Progress, ReportLog } from '../archive/report.ts'
import type { Device } from '../device/device.ts'
import { outputPathOf } from '../plan/command-source.ts'
import { runFromFile } from '../plan/run-to-file.ts'
import { targetOf } from '../plan/sources.ts'
import { raiseArchivedBoots } from './engine-boots.ts'
import { readJournal } from './journal.ts'
import { archiveOf, openSet, requireVersion, type Trust } from './open-set.ts'
import { differencesFirst, differencesOf, type PathDifference } from './preflight.ts'
import { rollBack } from './rollback.ts'
import type { Services } from './services.ts'
import { stage } from './stage.ts'
import { Staging } from './staging.ts'
import { journalPathOf, Switch } from './switch.ts'

export interface RestoreOptions {
  readonly home: Home
  readonly version: string
  readonly anyVersion: boolean
  readonly device: Device
  readonly set: string
  readonly node: string
  /** None means all that the archive has. */
  readonly features: readonly string[]
  /** What this home has, with the steps of its commands. */
  readonly known: readonly Feature[]
  readonly trust: Trust
  readonly identities: readonly string[]
  /** An empty folder for what is not believed yet. */
  readonly stagingFolder: string
  /** Takes what was there before. */
  readonly replaced: string
  readonly services: Services
  readonly progress: Progress
  readonly log: ReportLog
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Throws where somebody wants it to end. */
  checkpoint(): void
}

export interface StagedRestore {
  readonly manifest: Manifest
  /** Of the features that were chosen. */
  readonly components: readonly ArchivedComponent[]
  readonly differences: readonly PathDifference[]
  readonly staging: Staging
}

/** Reads, checks and compares; nothing is touched. Throws ArchiveError, or DeviceError. */
export async function stageRestore(options: RestoreOptions): Promise<StagedRestore> {
  const { home, device, version, anyVersion, log, progress, signal } = options
  const set = await openSet(device, options.set, options.trust, signal)
  if (!anyVersion) requireVersion(set.list.version, version, `the set ${options.set}`)
  const { archive } = archiveOf(set, options.node)
  progress.expect([], archive.octets)
  const staging = await Staging.create(options.stagingFolder)
  const { node, identities } = options
  const manifest = await stage({ device, set, node, identities, progress, signal }, staging)
  log.info(`read and checked ${archive.name}: ${archive.octets} octets`)
  const components = chosen(manifest, options)
  const differences: PathDifference[] = []
  for (const one of components) differences.push(...(await differencesOf(home, one, componentOf(options, one))))
  for (const kind of ['changed', 'new', 'removed', 'same'] as const)
    log.info(`${kind}: ${differences.filter(({ difference }) => difference === kind).length} entries`)
  return { manifest, components, differences: differencesFirst(differences), staging }
}

function chosen(
  { components, features }: Manifest,
  { features: names, known, set }: RestoreOptions,
): ArchivedComponent[] {
  const missing = names.filter((name) => !features.includes(name))
  if (missing.length > 0)
    throw new ArchiveError('notListed', `the set ${set} has no ${missing.join(', ')}; it has ${features.join(', ')}`)
  const orderOf = ({ feature }: ArchivedComponent): number => known.find(({ name }) => name === feature)?.order ?? 100
  return components
    .filter(({ feature }) => names.length === 0 || names.includes(feature))
    .toSorted((a, b) => orderOf(a) - orderOf(b))
}

function componentOf({ known }: RestoreOptions, { feature, component }: ArchivedComponent): Component | undefined {
  return known.find(({ name }) => name === feature)?.components.find(({ name }) => name === component)
}

export class RestoreStepError extends Error {
  readonly component: string

  constructor(component: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RestoreStepError'
    this.component = component
  }
}

/** Stops the daemons, switches, and starts them again. What fails is rolled back at once. */
export async function applyRestore(options: RestoreOptions, staged: StagedRestore): Promise<void> {
  const { services, signal, log, replaced } = options
  await raiseBoots(options, staged)
  const stopped = await services.stop(signal)
  if (stopped.length > 0) log.info(`stopped ${stopped.join(', ')}`)
  try {
    await takeBackKilled(options)
    await switchAll(options, staged, stopped)
  } catch (error) {
    log.error(`${messageOf(error)}; putting back what was there`)
    await rollBack(replaced)
    throw error
  } finally {
    await services.start(stopped, signal)
    if (stopped.length > 0) log.info(`started ${stopped.join(', ')}`)
  }
}

/** What a restore replaced that was killed would be lost with the next one. */
async function takeBackKilled({ replaced, log }: RestoreOptions): Promise<void> {
  const journal = readJournal(journalPathOf(replaced))
  if (!journal || journal.isWhole) return
  await rollBack(replaced)
  log.warn(`put back what the restore of ${journal.head.set} had replaced, which was killed`)
}

async function switchAll(
  options: RestoreOptions,
  { manifest, components, staging }: StagedRestore,
  stopped: readonly string[],
): Promise<void> {
  const { home, replaced, log, progress, clock } = options
  const features = [...new Set(components.map(({ feature }) => feature))]
  const head = { set: options.set, node: manifest.node, features, restoredMs: clock.now(), stopped }
  const toSwitch = new Switch({
    ...{ home, replaced, head, log },
    targetOf: (path) => targetOf(home, path),
    contentOf: (path) => staging.contentOf(path),
  })
  let isWhole = false
  try {
    for (const archived of components) {
      options.checkpoint()
      const { feature, component } = archived
      progress.component(feature, component, { state: 'active' })
      try {
        await toSwitch.component(archived, componentOf(options, archived))
        await runCommand(options, archived, staging)
      } catch (cause) {
        const message = `cannot restore ${feature} ${component}: ${messageOf(cause)}`
        throw new RestoreStepError(`${feature} ${component}`, message, { cause })
      }
      progress.component(feature, component, { state: 'done', percent: 100 })
      log.info(`restored ${feature} ${component}: ${archived.entries.length} entries`)
    }
    isWhole = true
  } finally {
    toSwitch.close(isWhole)
  }
}

/** What this home says is run with the output; an archive never says itself what to run. */
async function runCommand(options: RestoreOptions, archived: ArchivedComponent, staging: Staging): Promise<void> {
  if (archived.kind !== 'command') return
  const component = componentOf(options, archived)
  const name = `${archived.feature} ${archived.component}`
  if (component?.kind !== 'command' || component.restoreArgv === undefined) {
    options.log.warn(`${name} has no restore command here; its output is in the archive alone`)
    return
  }
  const { restoreArgv: argv, limitMs } = component
  const path = staging.contentOf(outputPathOf(archived.feature, archived.component))
  await runFromFile({ argv, limitMs, signal: options.signal }, path)
}

const engineEntry = 'home/data/agent/engine.json'

async function raiseBoots(
  { home, clock }: RestoreOptions,
  { manifest, components, staging }: StagedRestore,
): Promise<void> {
  const isThere = components.some(({ entries }) => entries.some(({ path }) => path === engineEntry))
  if (!isThere) return
  const age = { backupMs: manifest.timeMs, nowMs: clock.now() }
  await raiseArchivedBoots(staging.contentOf(engineEntry), home, age)
}

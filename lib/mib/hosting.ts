/** A process's modules: their configuration files, their backends, their start and stop. Which process it is, they do not know. */
import { join } from 'node:path'
import { type Complaint, formatComplaint, isWarning } from '../cnf/complaint.ts'
import type { Home } from '../home/home.ts'
import type { Log } from '../log/log.ts'
import { allOrNothing } from './all-or-nothing.ts'
import { ModuleBackend } from './backend.ts'
import { ConfigFile, type ResolveName } from './config.ts'
import { configuredRows } from './configured-rows.ts'
import type { MibModule, ModuleHost, Serving } from './module.ts'
import { applyRules, type Rule } from './rules.ts'
import type { SetRules, SetVarbind } from './set.ts'
import { SetRefusedError } from './set-refused.ts'

/** A module and the tables of it that a .cnf file holds. */
export interface ConfiguredModule {
  readonly module: MibModule
  readonly configured: readonly Serving[]
  /** Its file below conf/ and data/, such as `subagents/critagt.cnf`; several modules may share one. */
  readonly file: string
  /** Whether its columns that hold commands may be written; asked at every SET. */
  readonly rules?: SetRules
  /** What must hold of its rows in files, beyond types and ranges. */
  readonly checks?: readonly Rule[]
  /** Rules that look at the machine, such as for programs; a disk may hang, and so a start does without. */
  readonly machineChecks?: readonly Rule[]
  /** Makes what a SET changed in files of the module's own durable, before it is answered; a failure undoes the SET. */
  readonly persist?: () => Promise<void>
  /** Whether the whole MIB module is this one's, what it has no object for too: it acts with rights of its own, say. */
  readonly isWhole?: boolean
}

export interface HostingOptions {
  readonly home: Home
  readonly log: Log
  readonly modules: readonly ConfiguredModule[]
  readonly resolveName: ResolveName
  /** Files that name secrets, and so must be readable by their owner alone. */
  readonly secretFiles?: readonly string[]
  /** After a SET's rows of this module are on disk. */
  readonly onPersisted?: (module: MibModule) => void
}

export class Hosting {
  readonly backends: readonly ModuleBackend[]
  readonly #files: ReadonlyMap<string, ConfigFile>
  readonly #modules: readonly ConfiguredModule[]
  readonly #log: Log

  constructor({ home, log, modules, resolveName, secretFiles = [], onPersisted }: HostingOptions) {
    this.#log = log
    const files = new Map<string, ConfigFile>()
    for (const file of new Set(modules.map((one) => one.file))) {
      const servings = modules.filter((one) => one.file === file).flatMap(({ configured }) => configured)
      if (servings.length === 0) continue
      const secret = secretFiles.includes(file)
      const [path, overlayPath] = [join(home.conf, file), join(home.data, file)]
      const waitingPath = join(home.data, file.replace(/\.cnf$/, '.waiting.cnf'))
      files.set(file, new ConfigFile(servings, { path, overlayPath, waitingPath, secret, resolveName }))
    }
    this.#files = files
    this.#modules = modules
    this.backends = modules.map(
      ({ module, file, rules, persist }) =>
        new ModuleBackend(module, {
          log: log.child(module.name),
          ...(rules ? { rules } : {}),
          persist: async (changes) => {
            const own = files.get(file)
            const takeBack = await allOrNothing([
              ...(own ? [() => own.persist(changes)] : []),
              // Its own files follow the module's tables, which an undo puts back first.
              ...(persist ? [() => persist().then(() => persist)] : []),
            ])
            onPersisted?.(module)
            return async () => {
              await takeBack()
              onPersisted?.(module)
            }
          },
        }),
    )
  }

  /** Reads every file and applies every rule: all complaints of all files together. Nothing is taken when one is an error. */
  async load(): Promise<Complaint[]> {
    const complaints = await this.#read('take what is good')
    for (const warning of complaints.filter(isWarning))
      this.#log.warn('configuration is suspicious', { complaint: formatComplaint(warning) })
    return complaints.filter((complaint) => !isWarning(complaint))
  }

  /** The same without taking anything, warnings included, and with a look at the machine. */
  check(): Promise<Complaint[]> {
    return this.#read('only look')
  }

  async #read(what: 'take what is good' | 'only look'): Promise<Complaint[]> {
    const prepared = await Promise.all(
      [...this.#files].map(async ([name, file]) => ({ name, ...(await file.prepare()) })),
    )
    const unread = prepared.flatMap((file) => file.complaints)
    const broken = new Set(prepared.filter((file) => file.complaints.length > 0).map(({ name }) => name))
    // A file that cannot be read whole would seem to lack what others refer to.
    const rules = this.#modules
      .filter(({ file }) => !broken.has(file))
      .flatMap(({ checks = [], machineChecks = [] }) => (what === 'only look' ? [...checks, ...machineChecks] : checks))
    const complaints = [...unread, ...applyRules(rules, configuredRows(prepared.map(({ loaded }) => loaded)))]
    if (what === 'take what is good' && complaints.every(isWarning)) for (const { apply } of prepared) apply()
    return complaints
  }

  async start(hostOf: (name: string) => ModuleHost): Promise<void> {
    for (const backend of this.backends) await backend.start(hostOf(backend.name))
  }

  /** A SET of this process itself, all or nothing and as durable as one of a manager. Throws when it is refused. */
  async set(name: string, varbinds: readonly SetVarbind[]): Promise<void> {
    const part = this.#find(name).prepareSet(varbinds)
    const refused = await part.test()
    if (refused) throw new SetRefusedError(`a SET of ${name} is refused: ${refused.status}`, refused)
    const failed = await part.commit()
    if (failed) {
      await part.undo()
      throw new Error(`a SET of ${name} failed: ${failed.status}`)
    }
    part.finish()
  }

  /** Stops one module and starts it again. Throws when there is none of this name. */
  async restart(name: string, hostOf: (name: string) => ModuleHost): Promise<void> {
    const backend = this.#find(name)
    await backend.stop()
    await backend.start(hostOf(name))
  }

  #find(name: string): ModuleBackend {
    const backend = this.backends.find((one) => one.name === name)
    if (backend) return backend
    throw new Error(`there is no module ${name} here, but ${this.backends.map((one) => one.name).join(', ')}`)
  }

  /** In reverse; one that fails does not keep the others running. */
  async stop(): Promise<void> {
    for (const backend of this.backends.toReversed()) {
      try {
        await backend.stop()
      } catch (error) {
        this.#log.error('a module could not be stopped', { module: backend.name, error })
      }
    }
  }
}

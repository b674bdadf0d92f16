/** Puts what was staged into its place, component by component, and keeps what was there. */
import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Component } from '../../lib/backup/feature.ts'
import type { Home } from '../../lib/home/home.ts'
import { ownerNamed } from '../../lib/users/owner.ts'
import type { ArchivedComponent, Entry } from '../archive/manifest.ts'
import type { ReportLog } from '../archive/report.ts'
import { findFiles } from '../plan/tree.ts'
import { Journal, type JournalHead } from './journal.ts'
import { applyTraits, makeFolder, makeLink, moveTo, removeFolder, type Traits, traitsAt } from './place.ts'

export const journalPathOf = (replaced: string): string => join(replaced, 'journal')
export const keptPathOf = (replaced: string, number: number): string => join(replaced, String(number))

export interface SwitchOptions {
  readonly home: Home
  /** The folder that takes what was there; what it held goes. */
  readonly replaced: string
  readonly head: JournalHead
  /** Where an entry of the archive belongs; undefined for what is nowhere in the file system. */
  targetOf(entryPath: string): string | undefined
  contentOf(entryPath: string): string
  readonly log: ReportLog
}

/** SQLite takes up what lies beside a database. */
const besideDatabase = ['-wal', '-shm', '-journal']

export class Switch {
  readonly #options: SwitchOptions
  readonly #journal: Journal
  readonly #unknownOwners = new Set<string>()
  #kept = 0

  constructor(options: SwitchOptions) {
    this.#options = options
    rmSync(options.replaced, { recursive: true, force: true })
    mkdirSync(options.replaced, { recursive: true, mode: 0o700 })
    this.#journal = new Journal(journalPathOf(options.replaced), options.head)
  }

  /** `component` is what this home calls by the archived one's name; undefined where it knows none. */
  async component(archived: ArchivedComponent, component: Component | undefined): Promise<void> {
    const { entries } = archived
    await this.#clear(entries, component)
    for (const entry of entries) await this.#put(entry)
    // Afterwards, since what is put into a folder changes its time; those within others first.
    for (const entry of entries.toReversed()) if (entry.type === 'directory') await this.#finishFolder(entry)
    this.#journal.sync()
  }

  /** `isWhole`: no component is missing. */
  close(isWhole: boolean): void {
    this.#journal.close(isWhole)
  }

  /** Takes away what is there of a component, and what is in the way of what comes. */
  async #clear(entries: readonly Entry[], component: Component | undefined): Promise<void> {
    const wanted = new Set(entries.map(({ path }) => this.#targetOf(path)))
    const folders: string[] = []
    if (component !== undefined && component.kind !== 'command')
      for await (const { folder, name, stats } of findFiles(this.#options.home, component, () => {})) {
        const path = join(folder, name)
        if (stats.isDirectory()) folders.push(path)
        else await this.#takeAway(path)
        if (component.kind === 'sqlite') for (const suffix of besideDatabase) await this.#takeAway(`${path}${suffix}`)
      }
    for (const path of folders.toReversed()) if (!wanted.has(path)) await this.#removeFolder(path)
    for (const entry of entries) {
      const path = this.#targetOf(entry.path)
      if (path === undefined) continue
      const there = await traitsAt(path)
      if (there !== undefined && !(there.kind === 'folder' && entry.type === 'directory')) await this.#takeAway(path)
    }
  }

  async #takeAway(path: string): Promise<void> {
    const there = await traitsAt(path)
    if (there === undefined) return
    if (there.kind === 'folder') throw new Error(`${path} is a folder, and a file or link in the archive; move it away`)
    const kept = ++this.#kept
    this.#journal.add({ change: 'away', path, kept })
    await moveTo(path, keptPathOf(this.#options.replaced, kept))
  }

  async #removeFolder(path: string): Promise<void> {
    const traits = await traitsAt(path)
    if (traits === undefined) return
    this.#journal.add({ change: 'removedFolder', path, traits })
    await removeFolder(path)
  }

  async #put(entry: Entry): Promise<void> {
    const path = this.#targetOf(entry.path)
    if (path === undefined) return
    await this.#makeAbove(path)
    if (entry.type === 'directory') {
      await this.#makeFolder(path)
      return
    }
    this.#journal.add({ change: 'in', path })
    if (entry.type === 'link') await makeLink(path, entry.target)
    else await moveTo(this.#options.contentOf(entry.path), path)
    await applyTraits(path, this.#traitsOf(entry))
  }

  /** Folders that a component does not list itself, on a machine that does not have them. */
  async #makeAbove(path: string): Promise<void> {
    const above = dirname(path)
    if ((await traitsAt(above)) !== undefined || above === path) return
    await this.#makeAbove(above)
    await this.#makeFolder(above)
  }

  async #makeFolder(path: string): Promise<void> {
    if ((await traitsAt(path))?.kind === 'folder') return
    this.#journal.add({ change: 'madeFolder', path })
    await makeFolder(path)
  }

  async #finishFolder(entry: Entry): Promise<void> {
    const path = this.#targetOf(entry.path)
    const before = path === undefined ? undefined : await traitsAt(path)
    if (path === undefined || before === undefined) return
    this.#journal.add({ change: 'traits', path, traits: before })
    await applyTraits(path, this.#traitsOf(entry))
  }

  #targetOf(entryPath: string): string | undefined {
    return this.#options.targetOf(entryPath)
  }

  #traitsOf({ mode, owner, group, mtimeMs }: Entry): Traits {
    const found = ownerNamed(`${owner}:${group}`)
    if (found) return { mode, mtimeMs, ...found }
    if (!this.#unknownOwners.has(`${owner}:${group}`))
      this.#options.log.warn(`this machine has no ${owner}:${group}; what was theirs belongs to root now`)
    this.#unknownOwners.add(`${owner}:${group}`)
    // Without the bits that would let others run it as root.
    return { mode: mode & 0o777, mtimeMs, uid: 0, gid: 0 }
  }
}

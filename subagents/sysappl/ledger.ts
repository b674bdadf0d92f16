/** What must outlive a restart of ours: which number a package and an element have, what operators said, first sizes. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { brokenSentence, readState } from '../../lib/files/state-file.ts'
import type { Role, RoleBit } from './syntax.ts'

/** An element as it was when this version of its package was first seen. */
export interface InstalledElement {
  readonly version: string
  readonly octets: number
  readonly installedMs: number
}

interface ElementRecord extends InstalledElement {
  readonly index: number
  /** As a manager set it; undefined: as declared. */
  readonly role: readonly RoleBit[] | undefined
}

interface Saved {
  readonly nextPackage: number
  readonly nextElement: number
  readonly packages: Readonly<Record<string, number>>
  readonly elements: Readonly<Record<string, ElementRecord>>
}

const roleBits: readonly string[] = ['executable', 'exclusive', 'primary', 'required', 'dependent', 'unknown']

/** Numbers grow and are never given twice (RFC 2287, sysApplInstallPkgIndex). */
export class Ledger {
  readonly #path: string
  #nextPackage = 1
  #nextElement = 1
  readonly #packages = new Map<string, number>()
  readonly #elements = new Map<string, ElementRecord>()
  #isChanged = false
  #saving: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Rejects when there is something that is not what was saved; then everything gets a new number. */
  async load(): Promise<void> {
    const found = await readState(this.#path, (text) => parseSaved(JSON.parse(text)))
    if (found.kind === 'none') return
    if (found.kind === 'broken') throw new Error(`${brokenSentence(this.#path, found)}; packages get new numbers`)
    const saved = found.value
    this.#nextPackage = saved.nextPackage
    this.#nextElement = saved.nextElement
    for (const [name, index] of Object.entries(saved.packages)) this.#packages.set(name, index)
    for (const [key, record] of Object.entries(saved.elements)) this.#elements.set(key, record)
  }

  packageIndex(name: string): number {
    let index = this.#packages.get(name)
    if (index === undefined) {
      index = this.#nextPackage++
      this.#packages.set(name, index)
      this.#isChanged = true
    }
    return index
  }

  /** The element's record; what is seen now is its installation when it, or its package's version, is new. */
  element(packageName: string, path: string, seen: InstalledElement): InstalledElement & { readonly index: number } {
    const key = keyOf(packageName, path)
    const known = this.#elements.get(key)
    if (known && known.version === seen.version) return known
    const record: ElementRecord = { ...seen, index: known?.index ?? this.#nextElement++, role: known?.role }
    this.#elements.set(key, record)
    this.#isChanged = true
    return record
  }

  roleOf(packageName: string, path: string): Role | undefined {
    const role = this.#elements.get(keyOf(packageName, path))?.role
    return role && new Set(role)
  }

  /** Gives the role that the element had, to be set again if this one can not be saved. */
  setRole(packageName: string, path: string, role: Role | undefined): Role | undefined {
    const key = keyOf(packageName, path)
    const known = this.#elements.get(key)
    if (!known) return undefined
    this.#elements.set(key, { ...known, role: role && [...role] })
    this.#isChanged = true
    return known.role && new Set(known.role)
  }

  /** Durable when it resolves; one after the other. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#save())
    this.#saving = saved.catch(() => {})
    return saved
  }

  async #save(): Promise<void> {
    if (!this.#isChanged) return
    this.#isChanged = false
    const saved: Saved = {
      nextPackage: this.#nextPackage,
      nextElement: this.#nextElement,
      packages: Object.fromEntries(this.#packages),
      elements: Object.fromEntries(this.#elements),
    }
    try {
      await mkdir(dirname(this.#path), { recursive: true })
      await writeFileAtomic(this.#path, `${JSON.stringify(saved)}\n`)
    } catch (error) {
      this.#isChanged = true
      throw error
    }
  }
}

function keyOf(packageName: string, path: string): string {
  return `${packageName}\n${path}`
}

function parseSaved(content: unknown): Saved {
  const saved = savedOf(content)
  if (!saved) throw new Error('it does not hold the numbers of packages and elements')
  return saved
}

function savedOf(content: unknown): Saved | undefined {
  if (!isRecord(content) || !isRecord(content.packages) || !isRecord(content.elements)) return undefined
  const { nextPackage, nextElement, packages } = content
  if (!isIndex(nextPackage) || !isIndex(nextElement)) return undefined
  const isGiven = (index: unknown): index is number => isIndex(index) && index < nextPackage
  if (!isRecordOf(packages, isGiven)) return undefined
  const elements: Record<string, ElementRecord> = {}
  for (const [key, value] of Object.entries(content.elements)) {
    if (!isRecord(value)) return undefined
    const { index, role, version, octets, installedMs } = value
    if (!isIndex(index) || index >= nextElement || typeof version !== 'string') return undefined
    if (typeof octets !== 'number' || typeof installedMs !== 'number') return undefined
    if (role !== undefined && !isRole(role)) return undefined
    elements[key] = { index, role, version, octets, installedMs }
  }
  return { nextPackage, nextElement, packages, elements }
}

function isRole(value: unknown): value is RoleBit[] {
  return Array.isArray(value) && value.every((bit) => roleBits.some((known) => known === bit))
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 0xffff_ffff
}

function isRecordOf<T>(value: unknown, is: (one: unknown) => one is T): value is Record<string, T> {
  return isRecord(value) && Object.values(value).every(is)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

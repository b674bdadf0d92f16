/** What a restore would change, told before it does. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Component } from '../../lib/backup/feature.ts'
import type { Home } from '../../lib/home/home.ts'
import type { ArchivedComponent, Entry } from '../archive/manifest.ts'
import { archivePathOf } from '../plan/sources.ts'
import { type Found, findFiles, openFound } from '../plan/tree.ts'

export type Difference = 'changed' | 'new' | 'removed' | 'same'

export interface PathDifference {
  readonly path: string
  readonly difference: Difference
}

/** Of one component. */
export async function differencesOf(
  home: Home,
  archived: ArchivedComponent,
  component: Component | undefined,
): Promise<PathDifference[]> {
  const live = new Map<string, Found>()
  if (component !== undefined && component.kind !== 'command')
    for await (const found of findFiles(home, component, () => {})) live.set(archivePathOf(found.path), found)
  const found: PathDifference[] = []
  for (const entry of archived.entries) {
    const there = live.get(entry.path)
    live.delete(entry.path)
    found.push({ path: entry.path, difference: there ? await compare(entry, there) : 'new' })
  }
  for (const path of live.keys()) found.push({ path, difference: 'removed' })
  return found
}

/** For people: what would change, and then the rest. */
export function differencesFirst(all: readonly PathDifference[]): PathDifference[] {
  return all.toSorted((a, b) => Number(a.difference === 'same') - Number(b.difference === 'same'))
}

async function compare(entry: Entry, { stats, target, folder, name, path }: Found): Promise<Difference> {
  switch (entry.type) {
    case 'directory':
      return stats.isDirectory() ? 'same' : 'changed'
    case 'link':
      return target === entry.target ? 'same' : 'changed'
    case 'file': {
      if (!stats.isFile() || stats.size !== entry.octets) return 'changed'
      const sum = await hashOf({ path, folder, name, stats })
      return sum === entry.sha256 ? 'same' : 'changed'
    }
  }
}

async function hashOf(found: Found): Promise<string | undefined> {
  const file = await openFound(found)
  if (!file) return undefined
  const hash = createHash('sha256')
  for await (const piece of file.createReadStream()) hash.update(piece)
  return hash.digest('hex')
}

export const preflightPathOf = (folder: string): string => join(folder, 'preflight.json')

/** What the components of chosen features have to store, found before the first octet is written. */
import { join } from 'node:path'
import type { Component, Feature } from '../../lib/backup/feature.ts'
import type { Home } from '../../lib/home/home.ts'
import type { SourceComponent, SourceEntry } from '../archive/source.ts'
import type { EntryTraits } from '../archive/tar-header.ts'
import { commandSource } from './command-source.ts'
import { databaseSource } from './database-source.ts'
import { OwnerNames } from './owners.ts'
import { type Found, findFiles, openFound } from './tree.ts'

export interface SourceContext {
  readonly home: Home
  /** A folder of the job, for what is copied before it is stored. */
  readonly work: string
}

export async function sourcesOf(features: readonly Feature[], context: SourceContext): Promise<SourceComponent[]> {
  const owners = new OwnerNames()
  const sources: SourceComponent[] = []
  for (const feature of features)
    for (const component of feature.components) sources.push(await sourceOf(feature, component, context, owners))
  return sources
}

async function sourceOf(
  { name: feature, isRequired }: Feature,
  component: Component,
  context: SourceContext,
  owners: OwnerNames,
): Promise<SourceComponent> {
  const about = { feature, component: component.name, kind: component.kind, isRequired }
  if (component.kind === 'command') return { ...about, ...commandSource(component, feature, context.work) }
  const warnings: string[] = []
  const found: Found[] = []
  for await (const one of findFiles(context.home, component, (sentence) => warnings.push(sentence))) found.push(one)
  const octets = found.reduce(
    (sum, { stats }) => sum + (stats.isFile() ? Math.min(stats.size, stats.blocks * 512) : 0),
    0,
  )
  const traits = (one: Found): EntryTraits => traitsOf(one, owners)
  if (component.kind === 'sqlite')
    return { ...about, warnings, octets, entries: (signal) => databaseSource(found, traits, context, signal) }
  return {
    ...about,
    warnings,
    octets,
    async *entries() {
      for (const one of found) yield entryOf(one, traits(one))
    },
  }
}

function entryOf(found: Found, traits: EntryTraits): SourceEntry {
  if (found.target !== undefined) return { traits: { ...traits, type: 'link' }, target: found.target }
  if (found.stats.isDirectory()) return { traits: { ...traits, type: 'directory' } }
  return { traits: { ...traits, type: 'file' }, open: () => openFound(found) }
}

function traitsOf({ path, stats }: Found, owners: OwnerNames): EntryTraits {
  return {
    type: 'file',
    path: archivePathOf(path),
    mode: stats.mode & 0o7777,
    owner: owners.user(stats.uid),
    group: owners.group(stats.gid),
    // More cannot be set again exactly.
    mtimeMs: Math.round(stats.mtimeMs),
  }
}

/** Where an archive has a path of a component. */
export function archivePathOf(path: string): string {
  return path.startsWith('/') ? `root${path}` : `home/${path}`
}

/** Where a restore puts an entry; undefined for the output of a command. */
export function targetOf(home: Home, entryPath: string): string | undefined {
  if (entryPath.startsWith('home/')) return join(home.root, entryPath.slice('home/'.length))
  return entryPath.startsWith('root/') ? entryPath.slice('root'.length) : undefined
}

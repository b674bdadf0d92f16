/** The features that every appliance has, and how those of a backup are chosen from all that are known. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Component, Feature } from '../../lib/backup/feature.ts'
import type { Home } from '../../lib/home/home.ts'

/** What jobs keep for themselves: keys go into a backup, for a restored machine goes on with them; the rest does not. */
export const backupFolder = 'data/subagents/backup'
const ofJobs = ['jobs', 'replaced', 'job.lock'].map((name) => `${backupFolder}/${name}`)

/** Locks, drafts and what was broken are of this moment, or of no use. */
const passing = ['**/*.tmp', '**/*.broken', '**/*.broken-*', '**/*.lock']
const databases = ['**/*.sqlite', '**/*.sqlite-wal', '**/*.sqlite-shm', '**/*.sqlite-journal']

const files = (name: string, paths: readonly string[], except: readonly string[] = []): Component => ({
  kind: 'files',
  name,
  paths,
  except: [...passing, ...except],
})

/** Under another name (Cisco_Routing_Rendezvous_Name) the routes are stored with the registrations. */
const routesFile = 'data/sipd/routing_db.sqlite'

const builtIn: readonly Feature[] = [
  {
    name: 'AGENT',
    isRequired: true,
    order: 10,
    components: [
      files('home', ['data/home.json']),
      files('agent-configuration', ['conf/agent']),
      files('agent-data', ['data/agent']),
      files('subagents-configuration', ['conf/subagents']),
      files('subagents-data', ['data/subagents'], ofJobs),
    ],
  },
  {
    name: 'SIPD',
    isRequired: true,
    order: 20,
    components: [files('configuration', ['conf/sipd']), files('data', ['data/sipd'], databases)],
  },
  {
    name: 'REGISTRY',
    isRequired: true,
    order: 30,
    components: [{ kind: 'sqlite', name: 'registrations', paths: ['data/sipd/*.sqlite'], except: [routesFile] }],
  },
  {
    name: 'ROUTES',
    isRequired: true,
    order: 35,
    components: [{ kind: 'sqlite', name: 'routes', paths: [routesFile] }],
  },
  { name: 'LOGS', isRequired: false, order: 90, components: [files('logs', ['logs'])] },
]

/** Of parts that a home has only where somebody set them up. */
const consoleFeature: Feature = {
  name: 'CONSOLE',
  isRequired: false,
  order: 40,
  components: [
    files('configuration', ['conf/console']),
    files('data', ['data/console'], databases),
    { kind: 'sqlite', name: 'history', paths: ['data/console/*.sqlite'] },
  ],
}

/** All that this home has. A declared feature adds components to one of ours that has its name. */
export function knownFeatures(home: Home, declared: readonly Feature[] = []): Feature[] {
  const hasConsole = [home.conf, home.data].some((folder) => hasAnything(join(folder, 'console')))
  const known = new Map([...builtIn, ...(hasConsole ? [consoleFeature] : [])].map((feature) => [feature.name, feature]))
  for (const feature of declared) {
    const before = known.get(feature.name)
    const components = [...(before?.components ?? []), ...feature.components]
    known.set(feature.name, { ...(before ?? feature), components })
  }
  return [...known.values()].toSorted((a, b) => a.order - b.order)
}

/** Those that are named, and the required ones; all where none is named. Throws where a name is not known. */
export function chooseFeatures(known: readonly Feature[], names: readonly string[]): Feature[] {
  const unknown = names.filter((name) => !known.some((feature) => feature.name === name))
  if (unknown.length > 0)
    throw new Error(`unknown feature ${unknown.join(', ')}; known are ${known.map(({ name }) => name).join(', ')}`)
  return known.filter(({ name, isRequired }) => isRequired || names.length === 0 || names.includes(name))
}

function hasAnything(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0
}

/** A home: the folders of one appliance. Several homes on one machine are several appliances, side by side. */

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomic } from './files.ts'

export interface Home {
  readonly root: string
  readonly conf: string
  readonly data: string
  readonly logs: string
  readonly run: string
}

/** The folder that holds bin/, conf/ and dist/. */
export const programRoot = findProgramRoot(dirname(fileURLToPath(import.meta.url)))

/** `--home`, else CASTELLAN_HOME, else var/ beside the program. */
export function resolveHome(option?: string): Home {
  const root = resolve(option ?? process.env.CASTELLAN_HOME ?? join(programRoot, 'var'))
  return { root, conf: join(root, 'conf'), data: join(root, 'data'), logs: join(root, 'logs'), run: join(root, 'run') }
}

export function isInitialized(home: Home): boolean {
  return existsSync(home.conf)
}

/**
 * Makes what is missing of a home from the program's conf/: `{port:N}` becomes N + portOffset, `{home}` and `{bin}`
 * become paths. Files that are there stay as they are. Gives the files made.
 */
export async function initializeHome(home: Home, portOffset: number): Promise<string[]> {
  for (const folder of [home.conf, home.data, home.logs, home.run])
    await mkdir(folder, { recursive: true, mode: 0o700 })
  const templates = join(programRoot, 'conf')
  const made: string[] = []
  for (const entry of await readdir(templates, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(home.conf, relative(templates, source))
    if (existsSync(target)) continue
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await writeFileAtomic(target, fill(await readFile(source, 'utf8'), home, portOffset), 0o600)
    made.push(target)
  }
  return made
}

function fill(template: string, home: Home, portOffset: number): string {
  return template
    .replace(/\{port:(\d+)\}/g, (_, port: string) => String(Number(port) + portOffset))
    .replaceAll('{home}', home.root)
    .replaceAll('{bin}', join(programRoot, 'bin'))
}

/** The sources and the compiled program lie at different depths; package.json lies at the top of both. */
function findProgramRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}

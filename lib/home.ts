/** A home: the folders of one appliance. Several homes on one machine are several appliances, side by side. */

import { existsSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMissing, writeFileAtomic } from './files.ts'

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

/** A file of the program's conf/, from which a home's is made. */
export interface Template {
  /** Below conf/, such as `agent/snmpd.cnf`. */
  readonly file: string
  /** `{port:N}` stands for N + the home's port offset, `{home}` and `{bin}` for paths. */
  readonly text: string
}

/** What a home remembers of how it was made. */
export function homeRecordPath(home: Home): string {
  return join(home.data, 'home.json')
}

/**
 * Makes what is missing of a home from the program's conf/, with all ports shifted by `portOffset`, which the home
 * remembers. Files that are there stay as they are. Gives the files made.
 */
export async function initializeHome(home: Home, portOffset: number): Promise<string[]> {
  for (const folder of [home.conf, home.data, home.logs, home.run])
    await mkdir(folder, { recursive: true, mode: 0o700 })
  // First, so that a home whose making was cut off is completed with the same ports.
  const record = homeRecordPath(home)
  if (!existsSync(record)) await writeFileAtomic(record, `${JSON.stringify({ portOffset })}\n`)
  const made: string[] = []
  for (const template of missingFrom(home, await readTemplates())) made.push(await makeFile(home, template, portOffset))
  return made
}

/** Units are no part of a home: they are written by `castellan units`. */
export async function readTemplates(): Promise<Template[]> {
  const folder = join(programRoot, 'conf')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(
    files
      .map((path) => ({ path, file: relative(folder, path) }))
      .filter(({ file }) => !file.startsWith('systemd'))
      .map(async ({ path, file }) => ({ file, text: await readFile(path, 'utf8') })),
  )
}

export function missingFrom(home: Home, templates: readonly Template[]): Template[] {
  return templates.filter(({ file }) => isMissing(join(home.conf, file)))
}

/** Gives the path of the file made; it belongs to whom its folder belongs to. */
export async function makeFile(home: Home, { file, text }: Template, portOffset: number): Promise<string> {
  const path = join(home.conf, file)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const content = text
    .replace(/\{port:(\d+)\}/g, (_, port: string) => String(Number(port) + portOffset))
    .replaceAll('{home}', home.root)
    .replaceAll('{bin}', join(programRoot, 'bin'))
  await writeFileAtomic(path, content, 0o600)
  if (process.getuid?.() === 0) {
    // A daemon that runs as somebody else could not read what root made for it.
    const { uid, gid } = await stat(dirname(path))
    await chown(path, uid, gid)
  }
  return path
}

/** The sources and the compiled program lie at different depths; package.json lies at the top of both. */
function findProgramRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}

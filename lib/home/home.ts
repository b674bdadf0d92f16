/** A home: the folders of one appliance. Several homes on one machine are several appliances, side by side. */

import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { codeOf, isDenied, isMissing, messageOf } from '../errors.ts'
import { isNothingAt, writeFileAtomic } from '../files/files.ts'
import { longestSocketPath } from '../net/socket-path.ts'
import { programRoot } from '../program-root.ts'
import { shellWord } from '../text/shell-word.ts'
import { isInstalledHome, isInstalledPath, withoutCommunities } from './installed.ts'
import { fillTemplate } from './template.ts'

export interface Home {
  readonly root: string
  readonly conf: string
  readonly data: string
  readonly logs: string
  readonly run: string
}

/** The processes that each own a part of a home; none writes in another's. */
export type Domain = 'agent' | 'subagents' | 'sipd' | 'console'

export const domains: readonly Domain[] = ['agent', 'subagents', 'sipd', 'console']

/** The folders of one process. Their parents belong to the owner of the home: root where the appliance is installed. */
export type DomainFolders = Omit<Home, 'root'>

export function foldersOf(home: Home, domain: Domain): DomainFolders {
  const { conf, data, logs, run } = home
  return { conf: join(conf, domain), data: join(data, domain), logs: join(logs, domain), run: join(run, domain) }
}

/** Makes the folders that a process writes to, where they are missing. Throws HomeError. */
export function makeFolders(home: Home, domain: Domain): DomainFolders {
  const folders = foldersOf(home, domain)
  for (const folder of [folders.data, folders.logs, folders.run]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      throw isDenied(error) ? refused(home) : new HomeError(`make the folder ${folder}: ${messageOf(error)}`)
    }
  }
  return folders
}

/** The PID file of a daemon, or of another program that the subagents supervise. */
export function pidFileOf(home: Home, name: string): string {
  const domain = domains.find((one) => one === name) ?? 'subagents'
  return join(foldersOf(home, domain).run, `${name}.pid`)
}

/** A home that cannot be used, with what to do about it; `exitCode` is 1, 2 for wrong usage, or 4 where it is refused. */
export class HomeError extends Error {
  readonly exitCode: 1 | 2 | 4

  constructor(message: string, exitCode: 1 | 2 | 4 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** `--home`, else CASTELLAN_HOME, else var/ beside the program. Throws HomeError when one of the first two is empty. */
export function resolveHome(option?: string): Home {
  // An empty path would mean the current folder, which a script with an unset variable never means.
  if (option === '') throw new HomeError('--home is empty; name the folder of the home', 2)
  if (option === undefined && process.env.CASTELLAN_HOME === '')
    throw new HomeError('CASTELLAN_HOME is empty; set it to the folder of the home, or unset it', 2)
  const root = resolve(option ?? process.env.CASTELLAN_HOME ?? join(programRoot, 'var'))
  return { root, conf: join(root, 'conf'), data: join(root, 'data'), logs: join(root, 'logs'), run: join(root, 'run') }
}

/** Throws HomeError when that cannot be known for lack of rights. */
export function isInitialized(home: Home): boolean {
  try {
    statSync(home.conf)
    return true
  } catch (error) {
    if (isMissing(error) || codeOf(error) === 'ENOTDIR') return false
    throw isDenied(error) ? refused(home) : new HomeError(`read ${home.conf}: ${messageOf(error)}`)
  }
}

/** Throws HomeError unless the home is there and this user may look into these folders of it. */
export function requireHome(home: Home, folders: readonly ('conf' | 'run')[] = ['conf', 'run']): void {
  if (!isInitialized(home))
    throw new HomeError(`${home.root} is not initialised; run: castellan init --home ${shellWord(home.root)}`)
  for (const folder of folders) {
    try {
      readdirSync(home[folder])
    } catch (error) {
      if (codeOf(error) === 'EACCES') throw refused(home)
    }
  }
}

function refused({ root }: Home): HomeError {
  return new HomeError(
    `this user (uid ${process.getuid?.()}) has no access to ${root}; run the command as the owner of the home`,
    4,
  )
}

/** The longest path below a home that our sockets have. */
const longestSocketName = join('run', 'subagents', 'subagents.ctl')

/** Throws HomeError when no home can be made at this path: our sockets would not fit, or no file could name it. */
export function checkHomePath({ root }: Home): void {
  if (/[\u0000-\u001f\u007f]/.test(root))
    throw new HomeError(`${JSON.stringify(root)} has a control character such as a line break; choose another path`)
  const octets = Buffer.byteLength(root)
  const most = longestSocketPath - longestSocketName.length - 1
  if (octets > most)
    throw new HomeError(
      `${root} is ${octets} octets long, and the sockets of a home allow ${most}; choose a shorter path, or a symbolic link to it`,
    )
}

/** A file of the program's conf/, from which a home's is made. */
export interface Template {
  /** Below conf/, such as `agent/snmpd.cnf`. */
  readonly file: string
  /** With the placeholders of `fillTemplate`. */
  readonly text: string
}

/** 2: each process has folders of its own. Homes from before that do not say (lib/migration). */
export const layoutOfToday = 2

/** What a home remembers of how it was made. */
export function homeRecordPath(home: Home): string {
  return join(home.data, 'home.json')
}

/**
 * Makes what is missing of a home from the program's conf/, with all ports shifted by `portOffset`, which the home
 * remembers. Files that are there stay as they are. An installed one has no communities. Gives the files made.
 */
export async function initializeHome(
  home: Home,
  portOffset: number,
  isInstalled = isInstalledPath(home.root),
): Promise<string[]> {
  checkHomePath(home)
  for (const folder of [home.conf, home.data, home.logs, home.run])
    await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const domain of domains) makeFolders(home, domain)
  // First, so that a home whose making was cut off is completed with the same ports.
  const record = homeRecordPath(home)
  const kept = { portOffset, layout: layoutOfToday, ...(isInstalled ? { isInstalled } : {}) }
  if (!existsSync(record)) await writeFileAtomic(record, `${JSON.stringify(kept)}\n`, 0o644)
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
  return templates.filter(({ file }) => isNothingAt(join(home.conf, file)))
}

/** Gives the path of the file made. It belongs to the owner of its folder, whose group may read it where it may look into that. */
export async function makeFile(home: Home, { file, text }: Template, portOffset: number): Promise<string> {
  const path = join(home.conf, file)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const content = fillTemplate(text, { portOffset, home: home.root, bin: join(programRoot, 'bin') })
  const { mode } = await stat(dirname(path))
  const isBare = file === join('agent', 'snmpd.cnf') && isInstalledHome(home, homeRecordPath(home))
  await writeFileAtomic(path, isBare ? withoutCommunities(content) : content, 0o600 | (mode & 0o040))
  return path
}

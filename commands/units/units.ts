/** castellan units: the systemd units of an appliance, with its paths and users filled in, and sipd's row to go with them. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { defineCommand } from '../../lib/cli/command.ts'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { text, textOr } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { type Home, HomeError, isInitialized } from '../../lib/home/home.ts'
import { isLaidOut, readerOf } from '../../lib/home/layout.ts'
import { programRoot } from '../../lib/program-root.ts'
import { shellWord } from '../../lib/text/shell-word.ts'
import { nameOfGroup, nameOfUser, type Owner, ownerNamed } from '../../lib/users/owner.ts'
import { usualConsoleUser } from '../init/init.ts'
import { controlSipdByUnit } from './sipd-row.ts'

export const unitsCommand = defineCommand({
  name: 'units',
  summary: 'write the systemd units of this appliance',
  details: 'In critagt.cnf, the row of sipd then names its unit in place of commands.',
  example: 'castellan units --home /etc/castellan --output /tmp/units',
  options: {
    output: textOr('--output <dir>', 'where to', '/etc/systemd/system'),
    user: text('--user <name>', 'whom the agent runs as (the owner of its folders, or castellan)'),
    sipdUser: text('--sipd-user <name>', 'whom sipd runs as (the owner of its folders, or sipd)'),
    consoleUser: text(
      '--console-user <name>',
      `whom the console runs as (the owner of its folders, or ${usualConsoleUser})`,
    ),
  },
  async run({ home, options }) {
    for (const done of await writeUnits(home, options)) print(`${done}\n`)
    return exitCodes.ok
  },
})

interface UnitsOptions {
  readonly output: string
  /** Whom each runs as: by default the owner of its folders, or its usual user where there are none yet. */
  readonly user: string | undefined
  readonly sipdUser: string | undefined
  readonly consoleUser: string | undefined
}

interface Names {
  readonly user: string
  readonly group: string
}

/** Gives sentences that say what was written. Throws ConfigurationError when critagt.cnf, which is written last, is broken. */
async function writeUnits(home: Home, { output, user, sipdUser, consoleUser }: UnitsOptions): Promise<string[]> {
  const isReady = isInitialized(home) && isLaidOut(home)
  const agent = namesOf(user, 'castellan', isReady ? readerOf(home, 'agent') : undefined)
  const sipd = namesOf(sipdUser, 'sipd', isReady ? readerOf(home, 'sipd') : undefined)
  const console = namesOf(consoleUser, usualConsoleUser, isReady ? consoleOwner(home) : undefined)
  const folder = join(programRoot, 'conf', 'systemd')
  const values: Readonly<Record<string, string>> = {
    node: process.execPath,
    program: programRoot,
    home: home.root,
    user: agent.user,
    group: agent.group,
    sipd: sipd.user,
    sipdGroup: sipd.group,
    console: console.user,
    consoleGroup: console.group,
    ...visibility([process.execPath, programRoot, home.root]),
  }
  await mkdir(output, { recursive: true })
  const written: string[] = []
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.service')).sort()) {
    const template = await readFile(join(folder, name), 'utf8')
    const path = join(output, name)
    await writeFileAtomic(path, fillUnit(template, values), 0o644)
    written.push(`wrote ${path}`)
  }
  return [...written, isReady ? await controlSipdByUnit(home) : notReady(home, agent.user, sipd.user)]
}

/** Undefined where the folders are root's still: `castellan init` knew no user to give them to. */
function consoleOwner(home: Home): Owner | undefined {
  const owner = readerOf(home, 'console')
  return owner.uid === 0 ? undefined : owner
}

/** What these units need before they can be started. */
function notReady({ root }: Home, user: string, sipdUser: string): string {
  return `the folders of ${root} are not laid out for these users yet; run: castellan init --home ${shellWord(root)} --user ${user} --sipd-user ${sipdUser}; then run castellan units again`
}

/** Throws HomeError where somebody else than the owner of the folders was named. */
function namesOf(named: string | undefined, usual: string, owner: Owner | undefined): Names {
  const known = ownerNamed(named ?? usual)
  if (owner && named !== undefined && known?.uid !== owner.uid)
    throw new HomeError(`the folders belong to ${nameOfUser(owner.uid)}, not to ${named}; leave the option out`, 2)
  const found = owner ?? known
  if (!found) return { user: named ?? usual, group: named ?? usual }
  return { user: nameOfUser(found.uid), group: nameOfGroup(found.gid) }
}

/** Folders that a unit would not see, unless the program or the home is there. */
function visibility(paths: readonly string[]): Record<'protectHome' | 'privateTmp', string> {
  const isBelow = (folders: readonly string[]): boolean =>
    paths.some((path) => folders.some((folder) => `${path}${sep}`.startsWith(`${folder}${sep}`)))
  return {
    protectHome: isBelow(['/home', '/root', '/run/user']) ? 'read-only' : 'yes',
    privateTmp: isBelow(['/tmp', '/var/tmp']) ? 'no' : 'yes',
  }
}

/** Fills `{name}` in, each word so that systemd reads the value again (systemd.unit(5), systemd.service(5)). */
export function fillUnit(template: string, values: Readonly<Record<string, string>>): string {
  return template
    .split('\n')
    .map((line) => {
      if (line.startsWith('#')) return line
      const [, setting = '', words = ''] = /^(\w+=)?(.*)$/.exec(line) ?? []
      const isCommand = setting.startsWith('Exec')
      const filled = (word: string): string => word.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole)
      // The name of the program is taken as it stands; a command's other words have variables. A word is quoted whole.
      const quoted = words.replace(/\S*\{\w+\}\S*/g, (word, at: number) => unitWord(filled(word), isCommand && at > 0))
      return `${setting}${quoted}`
    })
    .join('\n')
}

/** `%` begins a specifier everywhere. */
function unitWord(text: string, hasVariables: boolean): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', hasVariables ? '$$$$' : '$$')
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped
}

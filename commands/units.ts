/** castellan units: the systemd units of an appliance, with its paths filled in. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../lib/files.ts'
import { type Home, programRoot } from '../lib/home.ts'

export interface UnitsOptions {
  readonly output: string
  /** Whom the agent and sipd run as. */
  readonly user: string
  readonly sipdUser: string
}

/** Gives the paths written. */
export async function writeUnits(home: Home, { output, user, sipdUser }: UnitsOptions): Promise<string[]> {
  const folder = join(programRoot, 'conf', 'systemd')
  const values: Readonly<Record<string, string>> = {
    node: process.execPath,
    program: programRoot,
    home: home.root,
    user,
    sipd: sipdUser,
  }
  await mkdir(output, { recursive: true })
  const written: string[] = []
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.service')).sort()) {
    const template = await readFile(join(folder, name), 'utf8')
    const path = join(output, name)
    await writeFileAtomic(path, fillUnit(template, values), 0o644)
    written.push(path)
  }
  return written
}

/** Fills `{name}` in, each word so that systemd reads the value again (systemd.unit(5), systemd.service(5)). */
export function fillUnit(template: string, values: Readonly<Record<string, string>>): string {
  return template
    .split('\n')
    .map((line) => {
      const isCommand = /^Exec\w+=/.test(line)
      const filled = (word: string): string => word.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole)
      // The name of the program is taken as it stands; a command's other words have variables.
      return line.replace(/[^\s=]*\{\w+\}\S*/g, (word, at: number) =>
        unitWord(filled(word), isCommand && line[at - 1] !== '='),
      )
    })
    .join('\n')
}

/** `%` begins a specifier everywhere. */
function unitWord(text: string, hasVariables: boolean): string {
  const escaped = text.replaceAll('%', '%%').replaceAll('$', hasVariables ? '$$$$' : '$$')
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped
}

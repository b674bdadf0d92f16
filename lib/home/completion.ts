/** What a home lacks that a newer program has files for, and the port offset that such files are to be made with. */

import { join } from 'node:path'
import { errorOf } from '../errors.ts'
import { readJsonFile } from '../files/json-file.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { fieldsOf } from '../text/fields.ts'
import { shellWord } from '../text/shell-word.ts'
import { type Home, homeRecordPath, makeFile, missingFrom, readTemplates, type Template } from './home.ts'

export interface Completion {
  /** Paths of the files made. */
  readonly made: readonly string[]
  /** Paths of files with ports, which are not made as nobody knows by how much the ports of this home are shifted. */
  readonly missing: readonly string[]
}

/** Makes the files that a home lacks; those with ports only when the home's port offset is known. Overwrites nothing. */
export async function completeHome(home: Home): Promise<Completion> {
  const portOffset = await portOffsetOf(home)
  const made: string[] = []
  const missing: string[] = []
  for (const template of missingFrom(home, await readTemplates())) {
    if (portOffset === undefined && hasPorts(template)) missing.push(join(home.conf, template.file))
    else made.push(await makeFile(home, template, portOffset ?? 0))
  }
  return { made, missing }
}

/** The files that a home lacks, each with a sentence that says how it is had. */
export async function missingFiles(home: Home): Promise<{ readonly path: string; readonly sentence: string }[]> {
  const portOffset = await portOffsetOf(home)
  return missingFrom(home, await readTemplates()).map((template) => {
    const path = join(home.conf, template.file)
    const isUnknown = portOffset === undefined && hasPorts(template)
    return { path, sentence: `${path} is missing; ${isUnknown ? initSentence(home) : `run: ${initCommand(home)}`}` }
  })
}

/** What a person is told to do about files that need a port offset nobody knows. */
export function initSentence(home: Home): string {
  return `it holds ports, and by how much those of this home are shifted is not known; run: ${initCommand(home)} --port-offset N`
}

function initCommand({ root }: Home): string {
  return `castellan init --home ${shellWord(root)}`
}

/** The highest port in the templates, which an offset must not take beyond 65535. */
export async function highestPort(): Promise<number> {
  const templates = await readTemplates()
  const ports = templates.flatMap(({ text }) => [...text.matchAll(/\{port:(\d+)\}/g)].map(([, port]) => Number(port)))
  return Math.max(...ports)
}

/**
 * By how much the ports of a home are shifted: as it was made with; of a home from before that was remembered, as the
 * lines of its files say that are our templates' but for the port. Undefined when these are none or disagree.
 */
export async function portOffsetOf(home: Home): Promise<number | undefined> {
  const recorded = await readRecord(home)
  if (recorded !== undefined && !(recorded instanceof Error) && recorded.portOffset !== undefined)
    return recorded.portOffset
  const found = new Set<number>()
  for (const { file, text } of await readTemplates())
    for (const offset of offsetsIn(text, await readIfThere(join(home.conf, file)))) found.add(offset)
  const [offset] = found
  return found.size === 1 && offset !== undefined && offset >= 0 ? offset : undefined
}

/** What is wrong with the file in which a home remembers its port offset; undefined when it is good, or not there. */
export async function homeRecordMistake(home: Home): Promise<string | undefined> {
  const recorded = await readRecord(home)
  return recorded instanceof Error ? recorded.message : undefined
}

async function readRecord(home: Home): Promise<{ readonly portOffset?: number } | Error | undefined> {
  try {
    return await readJsonFile(homeRecordPath(home), {
      parse: (content) => {
        const { portOffset, layout } = fieldsOf(content)
        if (Number.isInteger(portOffset)) return { portOffset: Number(portOffset) }
        // An old home that was migrated has a record without it.
        return portOffset === undefined && layout !== undefined ? {} : undefined
      },
      holds: 'a portOffset',
      remedy: `delete it, and run: ${initCommand(home)} --port-offset N`,
    })
  } catch (error) {
    return errorOf(error)
  }
}

function hasPorts({ text }: Template): boolean {
  return portWord.test(text)
}

const portWord = /\{port:(\d+)\}/

/** For each line of the template with one port, the shift of the first line of the file that is the same otherwise. */
function offsetsIn(template: string, content: string): number[] {
  const lines = content.split('\n')
  return template.split('\n').flatMap((wanted) => {
    const [before, port, after, more] = wanted.split(portWord)
    if (before === undefined || after === undefined || more !== undefined) return []
    for (const line of lines) {
      if (!line.startsWith(before) || !line.endsWith(after)) continue
      const found = line.slice(before.length, line.length - after.length)
      if (/^\d{1,5}$/.test(found)) return [Number(found) - Number(port)]
    }
    return []
  })
}

async function readIfThere(path: string): Promise<string> {
  try {
    return (await readRegularFile(path)).octets.toString('utf8')
  } catch {
    return ''
  }
}

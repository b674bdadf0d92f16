/** Paths below logs/ and run/ of an old home, as files of it spell them, rewritten to where they are now. */

import { type Domain, domains } from '../home/home.ts'
import { commandWord } from '../text/command.ts'
import type { Area } from './places.ts'

/** Whose a name in logs/ or run/ is; undefined for what stays where it is. */
export type OwnerOf = (area: Area, name: string) => Domain | undefined

export interface RewriteRule {
  readonly ownerOf: OwnerOf
  /** The file has paths without the home before them, as sipd.conf and agentxListenEntry do. */
  readonly hasRelative: boolean
}

/** Texts here are strings with a character for each octet, so that what is not rewritten stays as it is. */
export const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** A name ends where a word of a .cnf file, of sipd.conf, of a command or of JSON does. */
const below = `(logs|run)/([^\\s"'\\\\/]+)`
/** A path does not begin within another one. */
const start = '(?<![\\w./-])'

/** `roots`: the paths of the home, as its files may name it. What is rewritten already stays: a second time changes nothing. */
export function rewritePaths(text: string, roots: readonly string[], { ownerOf, hasRelative }: RewriteRule): string {
  const spelled = [...new Set(roots.flatMap(spellings))].map(escapeRegExp)
  // The home may be quoted as a word of its own within a command.
  const home = `(?:${spelled.join('|')})(?:\\\\*["'])?/`
  const path = new RegExp(`${start}(${home}${hasRelative ? '|' : ''})${below}`, 'g')
  return text.replace(path, (whole, before: string, area: Area, name: string) => {
    const isNew = domains.some((domain) => domain === name)
    const owner = isNew ? undefined : ownerOf(area, name)
    return owner === undefined ? whole : `${before}${area}/${owner}/${name}`
  })
}

/** Names of logs in the lines of sipd.conf that are in force, before they were rewritten or after. */
export function logsOfSipd(text: string): Set<string> {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  const found = lines.flatMap((line) => [...line.matchAll(/(?<![\w.-])logs\/(?:sipd\/)?([^\s"'\\/]+)(?!\/)/g)])
  return new Set(found.map(([, name = '']) => name))
}

/** As it stands; in double quotes of a .cnf file or of JSON; and as a word of a command, in such quotes too. */
function spellings(root: string): string[] {
  const word = commandWord(root)
  const bare = word.startsWith('"') ? word.slice(1, -1) : word
  return [root, quoted(root), bare, quoted(bare)].map(octets)
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

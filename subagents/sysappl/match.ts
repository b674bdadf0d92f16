/** Which installed program a process is: by its executable, or by the script that an interpreter was given. */
import { basename } from 'node:path'
import { type Octets, octetsOf } from '../../lib/text/octets.ts'
import type { InstalledProgram } from './installed.ts'
import type { RunningProcess } from './process-feed.ts'

const interpreters = /^(node|nodejs|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.]*|(ba|da|k|z)?sh)$/

export class ProgramMatcher {
  /** By path in octets, as the kernel has them. */
  readonly #byPath = new Map<Octets, InstalledProgram>()

  /** Of programs with one path in several packages, the first is the one. */
  constructor(programs: Iterable<InstalledProgram>) {
    for (const program of programs) {
      for (const path of [program.path, program.realPath].map(octetsOf))
        if (!this.#byPath.has(path)) this.#byPath.set(path, program)
    }
  }

  find({ executable, commandLine }: Pick<RunningProcess, 'executable' | 'commandLine'>): InstalledProgram | undefined {
    const path = executable === undefined ? pathIn(commandLine) : executable.replace(/ \(deleted\)$/, '')
    const found = path === undefined ? undefined : this.#byPath.get(path)
    if (found) return found
    const first = commandLine.slice(0, commandLine.indexOf('\0'))
    if (!interpreters.test(basename(path ?? first))) return undefined
    return this.#script(commandLine)
  }

  /** The script is among the first arguments, behind options, of which some have an argument of their own. */
  #script(commandLine: string): InstalledProgram | undefined {
    const [, ...rest] = commandLine.split('\0')
    let isAfterOption = false
    for (const argument of rest) {
      if (argument.startsWith('-')) {
        isAfterOption = !argument.includes('=')
        continue
      }
      const found = this.#byPath.get(argument)
      if (found || !isAfterOption) return found
      isAfterOption = false
    }
    return undefined
  }
}

/** The program's path as its first argument tells it, also within a title such as `sshd: /usr/sbin/sshd -D`. */
function pathIn(commandLine: string): string | undefined {
  const end = commandLine.indexOf('\0')
  const first = end < 0 ? commandLine : commandLine.slice(0, end)
  return first.startsWith('/') && !first.includes(' ') ? first : first.split(' ').find((word) => word.startsWith('/'))
}

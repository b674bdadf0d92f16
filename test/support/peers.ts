/** Real peers: a suite that needs one which is not to be had here is skipped, with the reason. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Options for `describe`: skipped when a program, or a path, is missing. */
export function needs(...programs: readonly string[]): { skip?: string } {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const missing = programs.filter((program) =>
    program.startsWith('/') ? !existsSync(program) : !folders.some((folder) => existsSync(join(folder, program))),
  )
  return missing.length > 0 ? { skip: `not installed here: ${missing.join(', ')}` } : {}
}

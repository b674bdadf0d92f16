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
  for (const name of (await readdir(folder)).sort()) {
    const template = await readFile(join(folder, name), 'utf8')
    const path = join(output, name)
    await writeFileAtomic(
      path,
      template.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole),
      0o644,
    )
    written.push(path)
  }
  return written
}

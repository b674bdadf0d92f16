/** Packages as they are declared: Castellan's own, found on the disk, and those that sysappl.cnf adds. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ElementType, Role, RoleBit } from './syntax.ts'

export interface DeclaredElement {
  readonly path: string
  readonly type: ElementType
  readonly role: Role
}

export interface DeclaredPackage {
  readonly name: string
  readonly manufacturer: string
  /** Empty: that of the Debian package, if there is one. */
  readonly version: string
  /** Empty when nobody says. */
  readonly location: string
  /** The Debian package it comes with: its source of version and date. Empty: none. */
  readonly dpkg: string
  readonly elements: readonly DeclaredElement[]
}

const roleOf = (...bits: RoleBit[]): Role => new Set(bits)
const daemon = roleOf('executable', 'primary', 'required')
/** The parent is the application; workers come and go, and only while it is there. */
const worker = roleOf('executable', 'dependent')
const tool = roleOf('executable')
const document: Role = new Set()

interface OwnElement {
  /** Below the program's folder; a folder stands for the files in it. */
  readonly path: string
  readonly type: ElementType
  readonly role: Role
}

/** Each daemon is an application of its own, for each lives and dies alone; tools and documents make up the first. */
const ownPackages: readonly { readonly name: string; readonly elements: readonly OwnElement[] }[] = [
  {
    name: 'castellan',
    elements: [
      { path: 'bin', type: 'application', role: tool },
      { path: 'package.json', type: 'nonexecutable', role: document },
      { path: 'mibs', type: 'nonexecutable', role: document },
    ],
  },
  { name: 'castellan-agent', elements: [{ path: 'dist/agent/main.js', type: 'application', role: daemon }] },
  { name: 'castellan-subagents', elements: [{ path: 'dist/subagents/main.js', type: 'application', role: daemon }] },
  {
    name: 'castellan-sipd',
    elements: [
      { path: 'dist/sipd/main.js', type: 'application', role: daemon },
      { path: 'dist/sipd/worker/main.js', type: 'application', role: worker },
    ],
  },
]

export const ownPackageNames: readonly string[] = ownPackages.map(({ name }) => name)

/** Castellan as it is on the disk, below its program's folder. */
export async function readOwnPackages(programRoot: string): Promise<DeclaredPackage[]> {
  const content: { readonly version?: unknown } = JSON.parse(await readFile(join(programRoot, 'package.json'), 'utf8'))
  const version = typeof content.version === 'string' ? content.version : ''
  return Promise.all(
    ownPackages.map(async ({ name, elements }) => ({
      name,
      manufacturer: 'The Castellan project',
      version,
      location: programRoot,
      dpkg: '',
      elements: (await Promise.all(elements.map((element) => filesOf(programRoot, element)))).flat(),
    })),
  )
}

async function filesOf(programRoot: string, { path, type, role }: OwnElement): Promise<DeclaredElement[]> {
  const whole = join(programRoot, path)
  let names: string[]
  try {
    names = await readdir(whole)
  } catch {
    return [{ path: whole, type, role }] // a file; or nothing, as who looks at it will see
  }
  return names.sort().map((name) => ({ path: join(whole, name), type, role }))
}

/** What a backup is made of: features that people choose, and the components that each of them is. */
import type { Argv } from '../program/start.ts'

interface AnyComponent {
  /** Letters, digits, dash and underscore; unlike any other of its feature. */
  readonly name: string
}

/** Files and folders with all that is in them; links are stored as links. */
export interface FilesComponent extends AnyComponent {
  readonly kind: 'files'
  /** Below the home where they do not begin with `/`; `*` and `?` stand in the last part only. */
  readonly paths: readonly string[]
  /** Left out, by their paths as those above; `*` is part of a name, `**` any number of folders. */
  readonly except: readonly string[]
}

/** SQLite databases that others may be writing: each is copied as it was at one moment, never file by file. */
export interface DatabaseComponent extends AnyComponent {
  readonly kind: 'sqlite'
  /** As those of files. */
  readonly paths: readonly string[]
  /** As that of files; none unless given. */
  readonly except?: readonly string[]
}

/** A program whose output is stored, such as mysqldump. */
export interface CommandComponent extends AnyComponent {
  readonly kind: 'command'
  readonly argv: Argv
  /** Reads on its standard input what the other printed; without it the output is only kept for somebody to use. */
  readonly restoreArgv?: Argv
  readonly limitMs: number
}

export type Component = FilesComponent | DatabaseComponent | CommandComponent

export interface Feature {
  /** In upper case. */
  readonly name: string
  /** It is part of every backup, whatever was chosen. */
  readonly isRequired: boolean
  /** Restored from the lowest number on. */
  readonly order: number
  readonly components: readonly Component[]
}

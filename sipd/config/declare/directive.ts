/** The ways to make a directive: single, optional, repeatable, a container. */
import type { Kind, Parsed } from './kinds.ts'
import { quoteWord, splitWords } from './lines.ts'
import { readRecord } from './record.ts'
import type { About, Directive, Entry, Reader, RecordOf, Rows } from './row.ts'

/** A directive that stands at most once, and has this default otherwise. */
export function one<T>(kind: Kind<T>, defaultText: string, about: About): Directive<T> {
  return {
    ...optional(kind, about),
    defaults: [defaultText],
    gather: single(kind, () => parseDefault(kind, defaultText)),
  } as Directive<T>
}

/** A directive that stands at most once, and has no value otherwise. */
export function optional<T>(kind: Kind<T>, about: About): Directive<T | undefined> {
  return {
    ...about,
    type: kind.type,
    range: kind.range,
    defaults: [],
    isRepeatable: false,
    isSecret: kind.isSecret ?? false,
    inside: undefined,
    gather: single(kind, () => undefined),
    print: (name, value) => (value === undefined ? [] : [printLine(name, kind.format(value))]),
  }
}

/** A directive of a container that has to stand in it once. */
export function required<T>(kind: Kind<T>, about: About): Directive<T> {
  const row = optional(kind, about)
  return {
    ...row,
    gather: (entries, reader, owner) => {
      if (entries.length === 0 && owner) reader.complain(owner, `${owner.text} needs a line with ${about.help}`)
      return row.gather(entries, reader)
    },
  } as Directive<T>
}

export interface ManyOptions<T> {
  readonly defaults?: readonly string[]
  readonly most?: number
  /** What must not stand twice. */
  readonly keyOf?: (value: T) => string
}

/** A directive that may stand several times; what is written takes the place of all defaults. */
export function many<T>(kind: Kind<T>, about: About, options: ManyOptions<T> = {}): Directive<readonly T[]> {
  const { defaults = [], most, keyOf } = options
  return {
    ...optional(kind, about),
    range: [kind.range, most === undefined ? undefined : `at most ${most}`].filter(Boolean).join('; ') || undefined,
    defaults,
    isRepeatable: true,
    gather: (entries, reader) => {
      if (entries.length === 0) return defaults.map((text) => parseDefault(kind, text))
      const values: T[] = []
      const lineOf = new Map<string, number>()
      for (const [i, entry] of entries.entries()) {
        const value = parseEntry(kind, entry, reader)
        if (value === undefined) continue
        const key = keyOf?.(value)
        const before = key === undefined ? undefined : lineOf.get(key)
        if (before !== undefined) {
          reader.complain(entry.name, `${entry.name.text} ${key} is there already, in line ${before}`)
        } else if (i === most) reader.complain(entry.name, `${entry.name.text} may stand ${most} times at most`)
        if (key !== undefined && before === undefined) lineOf.set(key, entry.name.line)
        values.push(value)
      }
      return values
    },
    print: (name, values) => values.map((value) => printLine(name, kind.format(value))),
  }
}

/** A directive with several words on a line, and perhaps several lines: the words add up. */
export function list(kind: Kind<readonly string[]>, about: About, most = 1000): Directive<readonly string[]> {
  const row = many(kind, about)
  return {
    ...row,
    range: `at most ${most}`,
    gather: (entries, reader) => {
      const values = row.gather(entries, reader).flat()
      const last = entries.at(-1)
      if (values.length > most && last)
        reader.complain(last.name, `${last.name.text} takes ${most} values at most, not ${values.length}`)
      return [...new Set(values)]
    },
    print: (name, values) => (values.length === 0 ? [] : [printLine(name, values)]),
  }
}

export interface ContainerOptions<K extends string, A, R extends Rows> {
  /** The name that the argument of `<Name argument>` has in the value. */
  readonly key: K
  readonly argument: Kind<A>
  readonly inside: R
  readonly most?: number
  /** What must differ between the containers, besides the argument. */
  readonly unique?: readonly (keyof R & string)[]
}

/** `<Name argument>` with directives up to `</Name>`; may stand several times. */
export function container<const K extends string, A, R extends Rows>(
  { key, argument, inside, most, unique = [] }: ContainerOptions<K, A, R>,
  about: About,
): Directive<readonly (RecordOf<R> & { readonly [P in K]: A })[]> {
  type Value = RecordOf<R> & { readonly [P in K]: A }
  const row = many(argument, about, {
    ...(most === undefined ? {} : { most }),
    keyOf: (value) => argument.format(value).join(' '),
  })
  return {
    ...row,
    type: 'container',
    range: [`argument: ${key}`, row.range].filter(Boolean).join('; '),
    inside,
    gather: (entries, reader) => {
      row.gather(entries, reader)
      const lineOf = new Map<string, number>()
      return entries.map((entry) => {
        const { record, entriesOf } = readRecord(inside, entry.inside ?? [], reader, entry.name)
        for (const name of unique) {
          const [at] = entriesOf.get(name) ?? []
          if (!at) continue
          const written = `${name} ${at.args.map(({ text }) => text.toLowerCase()).join(' ')}`
          const before = lineOf.get(written)
          if (before === undefined) lineOf.set(written, at.name.line)
          else reader.complain(at.name, `${written} is that of another ${entry.name.text}, in line ${before}`)
        }
        const parsed = argument.parse(entry.args.map(({ text }) => text))
        return Object.freeze({ [key]: 'value' in parsed ? parsed.value : undefined, ...record }) as Value
      })
    },
    print: (name, values) =>
      values.flatMap((value) => [
        `<${printLine(name, argument.format(value[key]))}>`,
        ...Object.entries(inside).flatMap(([directive, { print }]) =>
          print(directive, value[directive as keyof Value]).map((line) => `  ${line}`),
        ),
        `</${name}>`,
      ]),
  }
}

function printLine(name: string, args: readonly string[]): string {
  return [name, ...args.map(quoteWord)].join(' ')
}

function single<T>(kind: Kind<T>, otherwise: () => T | undefined): Directive<T | undefined>['gather'] {
  return (entries, reader) => {
    const [first, ...more] = entries
    for (const { name } of more) reader.complain(name, `${name.text} is there already, in line ${first?.name.line}`)
    return first ? parseEntry(kind, first, reader) : otherwise()
  }
}

function parseEntry<T>(kind: Kind<T>, { name, args }: Entry, reader: Reader): T | undefined {
  const texts = args.map(({ text }) => text)
  const parsed: Parsed<T> = kind.parse(texts)
  if ('expected' in parsed) {
    const at = args[parsed.at ?? 0] ?? { ...name, column: name.column + name.text.length + 1 }
    // What is no good secret may still be most of one.
    const found = kind.isSecret ? '' : `, not ${JSON.stringify(texts.join(' '))}`
    reader.complain(at, `${name.text} is to be ${parsed.expected}${found}`)
    return undefined
  }
  if (parsed.remark !== undefined) reader.warn(name, parsed.remark)
  return parsed.value
}

function parseDefault<T>(kind: Kind<T>, text: string): T {
  const parsed = kind.parse(splitWords(text))
  if ('expected' in parsed) throw new Error(`the default ${JSON.stringify(text)} is not ${parsed.expected}`)
  return parsed.value
}

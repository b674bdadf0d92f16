/**
 * Patterns of numbers in a trie whose edges are texts: a look-up touches the patterns that the number begins with, however many others
 * there are.
 */
import { isDigit } from '../numbers/expansion.ts'
import type { Pattern } from './pattern.ts'

export interface Entry<Value> {
  readonly pattern: Pattern
  readonly values: Value[]
}

interface Node<Value> {
  /** What the edge to it matches: `.` is any digit. */
  label: string
  /** Patterns that end here; and those that go on with any digits. */
  exact: Entry<Value> | undefined
  open: Entry<Value> | undefined
  children: Node<Value>[]
}

const wildcard = 46

export class PatternTrie<Value> {
  readonly #root: Node<Value> = newNode('')

  add(pattern: Pattern, value: Value): void {
    const node = this.#nodeFor(pattern.label)
    const entry = (pattern.isOpen ? node.open : node.exact) ?? { pattern, values: [] }
    entry.values.push(value)
    if (pattern.isOpen) node.open = entry
    else node.exact = entry
  }

  /** Of all patterns that match, the most specific first. */
  matchesOf(number: string): readonly Entry<Value>[] {
    const found: Entry<Value>[] = []
    collect(this.#root, number, 0, digitsFrom(number), found)
    return found.length > 1 ? found.sort((one, other) => bySpecificity(one.pattern, other.pattern)) : found
  }

  #nodeFor(label: string): Node<Value> {
    let node = this.#root
    let rest = label
    while (rest !== '') {
      const child = node.children.find((one) => one.label[0] === rest[0])
      if (!child) {
        const leaf = newNode<Value>(rest)
        node.children.push(leaf)
        return leaf
      }
      const common = commonLength(child.label, rest)
      if (common < child.label.length) split(child, common)
      rest = rest.slice(common)
      node = child
    }
    return node
  }
}

function newNode<Value>(label: string): Node<Value> {
  return { label, exact: undefined, open: undefined, children: [] }
}

/** The node keeps the first part of its label, and a child takes all the rest. */
function split<Value>(node: Node<Value>, at: number): void {
  const { label, exact, open, children } = node
  node.children = [{ label: label.slice(at), exact, open, children }]
  node.label = label.slice(0, at)
  node.exact = undefined
  node.open = undefined
}

function commonLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

/** From where on a number has nothing but digits. */
function digitsFrom(number: string): number {
  let from = number.length
  while (from > 0 && isDigit(number.charCodeAt(from - 1))) from--
  return from
}

function collect<Value>(node: Node<Value>, number: string, at: number, digits: number, found: Entry<Value>[]): void {
  const { label, exact, open, children } = node
  for (let i = 0; i < label.length; i++) if (!isMatch(label.charCodeAt(i), number.charCodeAt(at + i))) return
  const end = at + label.length
  if (exact && end === number.length) found.push(exact)
  if (open && end < number.length && end >= digits) found.push(open)
  for (const child of children) {
    if (isMatch(child.label.charCodeAt(0), number.charCodeAt(end))) collect(child, number, end, digits, found)
  }
}

/** The code of a character beyond the end is NaN, which matches nothing. */
function isMatch(wanted: number, code: number): boolean {
  return wanted === wildcard ? isDigit(code) : wanted === code
}

/** More digits written out, then more of the length said, then digits further to the left. */
export function bySpecificity(one: Pattern, other: Pattern): number {
  if (one.literals !== other.literals) return other.literals - one.literals
  if (one.label.length !== other.label.length) return other.label.length - one.label.length
  if (one.isOpen !== other.isOpen) return one.isOpen ? 1 : -1
  for (let i = 0; i < one.label.length; i++) {
    const difference = Number(one.label[i] === '.') - Number(other.label[i] === '.')
    if (difference !== 0) return difference
  }
  return 0
}

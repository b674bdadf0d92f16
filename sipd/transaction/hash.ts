/** A transaction's key as 64 bits, under a secret: nobody outside can make two keys meet. */
import { randomBytes } from 'node:crypto'

export interface KeyHash {
  readonly a: number
  readonly b: number
}

export const secretOctets = 16

export class KeyHasher {
  readonly #seedA: number
  readonly #seedB: number
  readonly #multiplierA: number
  readonly #multiplierB: number

  /** Processes with the same secret agree. */
  constructor(secret: Buffer = randomBytes(secretOctets)) {
    this.#seedA = secret.readUInt32LE(0)
    this.#seedB = secret.readUInt32LE(4)
    this.#multiplierA = secret.readUInt32LE(8) | 1
    this.#multiplierB = secret.readUInt32LE(12) | 1
  }

  /** Of a Latin-1 text. */
  hash(key: string): KeyHash {
    let a = this.#seedA
    let b = this.#seedB
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i)
      a = Math.imul(a ^ code, this.#multiplierA)
      a ^= a >>> 15
      b = Math.imul(b + code, this.#multiplierB)
      b ^= b >>> 13
    }
    return { a: a >>> 0, b: b >>> 0 }
  }
}

/** A To tag: of the same request always the same (§8.2.7), and nobody outside can tell it beforehand (§19.3). */
export function tagOf({ a, b }: KeyHash): string {
  return compact(a) + compact(b)
}

const letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1')

/** 32 bits as six characters of a token (RFC 3261 §25.1); toString(36) would divide seven times. */
export function compact(number: number): string {
  return String.fromCharCode(
    letter(number >>> 26),
    letter((number >>> 20) & 63),
    letter((number >>> 14) & 63),
    letter((number >>> 8) & 63),
    letter((number >>> 2) & 63),
    letter(number & 3),
  )
}

function letter(index: number): number {
  return letters[index] ?? 0
}

/** FNV-1a, for what needs no secret: it is the same in every process. */
export function fnv1a(text: string, from = 0x811c9dc5): number {
  let hash = from
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Marks that nobody else can make: what others carry for us and bring back is known by them (HMAC-SHA-256, 96 bits of it). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export const signerSecretOctets = 32
const markOctets = 12

export class Signer {
  readonly #secret: Buffer

  /** Processes with the same secret know each other's marks. */
  constructor(secret: Buffer = randomBytes(signerSecretOctets)) {
    this.#secret = secret
  }

  /** A token (RFC 3261 §25.1) of 16 characters. JSON keeps the parts apart, whatever is in them. */
  sign(...parts: readonly string[]): string {
    return this.#mark(parts).toString('base64url')
  }

  isSigned(mark: string, ...parts: readonly string[]): boolean {
    const given = Buffer.from(mark, 'base64url')
    return given.length === markOctets && timingSafeEqual(given, this.#mark(parts))
  }

  #mark(parts: readonly string[]): Buffer {
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest().subarray(0, markOctets)
  }
}

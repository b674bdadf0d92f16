/** Authentication and privacy protocols of USM: RFC 3414, RFC 3826, RFC 7860, and AES with longer keys as peers have it. */
import { type Oid, oid } from '../../../lib/smi/oid.ts'

export interface AuthProtocol {
  readonly name: string
  readonly oid: Oid
  /** As node:crypto calls it. */
  readonly hash: string
  readonly keyLength: number
  /** Octets of the truncated digest in a message. */
  readonly digestLength: number
  /** Octets of the blocks that the hash works on, which HMAC pads its key to (RFC 2104). */
  readonly blockLength: number
}

const auth = (name: string, number: string, hash: string, keyLength: number, digestLength: number): AuthProtocol => ({
  name,
  oid: oid(`1.3.6.1.6.3.10.1.1.${number}`),
  hash,
  keyLength,
  digestLength,
  blockLength: keyLength > 32 ? 128 : 64,
})

export const authProtocols: readonly AuthProtocol[] = [
  auth('MD5', '2', 'md5', 16, 12),
  auth('SHA', '3', 'sha1', 20, 12),
  auth('SHA-224', '4', 'sha224', 28, 16),
  auth('SHA-256', '5', 'sha256', 32, 24),
  auth('SHA-384', '6', 'sha384', 48, 32),
  auth('SHA-512', '7', 'sha512', 64, 48),
]

export interface PrivProtocol {
  readonly name: string
  readonly oid: Oid
  /** Octets of the localized key that the protocol uses; DES has eight of key and eight of pre-IV. */
  readonly keyLength: number
  readonly cipher: 'des' | 'aes'
  /** How a localized key that is too short is made longer: Blumenthal's draft, as Net-SNMP; or Reeder's, as Cisco. */
  readonly extension: 'none' | 'blumenthal' | 'reeder'
}

export const privProtocols: readonly PrivProtocol[] = [
  { name: 'DES', oid: oid('1.3.6.1.6.3.10.1.2.2'), keyLength: 16, cipher: 'des', extension: 'none' },
  { name: 'AES', oid: oid('1.3.6.1.6.3.10.1.2.4'), keyLength: 16, cipher: 'aes', extension: 'none' },
  { name: 'AES-192', oid: oid('1.3.6.1.4.1.14832.1.3'), keyLength: 24, cipher: 'aes', extension: 'blumenthal' },
  { name: 'AES-256', oid: oid('1.3.6.1.4.1.14832.1.4'), keyLength: 32, cipher: 'aes', extension: 'blumenthal' },
  { name: 'AES-192-C', oid: oid('1.3.6.1.4.1.9.12.6.1.1'), keyLength: 24, cipher: 'aes', extension: 'reeder' },
  { name: 'AES-256-C', oid: oid('1.3.6.1.4.1.9.12.6.1.2'), keyLength: 32, cipher: 'aes', extension: 'reeder' },
]

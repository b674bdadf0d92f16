/** Changes of bindings as one string: for the thread that writes, and from one process to another. */
import { messageOf } from '../../lib/errors.ts'
import { type Binding, type Change, isStatic } from './binding.ts'

/** A binding takes this many places after its record's address and count. */
const fieldsOfBinding = 11

/**
 * One flat JSON array for the whole batch: address, count, and the fields of each binding. JSON because no value can
 * break it, and because V8 writes and reads it faster than code here could. Static registrations are left out.
 * `shiftMs` is added to every expiry: readers have another clock.
 */
export function encodeChanges(changes: Iterable<Change>, shiftMs = 0): string {
  const fields: unknown[] = []
  for (const [addressOfRecord, bindings] of changes) {
    const countAt = fields.push(addressOfRecord, 0) - 1
    let count = 0
    for (const binding of bindings) {
      if (isStatic(binding)) continue
      count++
      const { contact, callId, cseq, q, expiresAtMs, flow, path, userAgent, instance, features, source } = binding
      fields.push(contact, callId, cseq, q, expiresAtMs + shiftMs, flow ?? null)
      fields.push(path.length === 0 ? null : path, userAgent, instance, features, source)
    }
    fields[countAt] = count
  }
  return JSON.stringify(fields)
}

/** What `encodeChanges` wrote, with `shiftMs` added to every expiry. Throws an Error that names the field when it is anything else. */
export function decodeChanges(text: string, shiftMs = 0): Change[] {
  const fields = parseArray(text)
  const changes: Change[] = []
  let at = 0
  while (at < fields.length) {
    const addressOfRecord = stringAt(fields, at)
    const count = wholeAt(fields, at + 1, (fields.length - at - 2) / fieldsOfBinding)
    at += 2
    const bindings: Binding[] = []
    for (let i = 0; i < count; i++, at += fieldsOfBinding) {
      const expiresAtMs = fields[at + 4]
      if (typeof expiresAtMs !== 'number') throw wrong(at + 4, 'a time in milliseconds')
      bindings.push({
        contact: stringAt(fields, at),
        callId: stringAt(fields, at + 1),
        cseq: wholeAt(fields, at + 2, 2 ** 32 - 1),
        q: wholeAt(fields, at + 3, 1000),
        expiresAtMs: expiresAtMs + shiftMs,
        flow: fields[at + 5] === null ? undefined : stringAt(fields, at + 5),
        path: pathAt(fields, at + 6),
        userAgent: stringAt(fields, at + 7),
        instance: stringAt(fields, at + 8),
        features: stringAt(fields, at + 9),
        source: stringAt(fields, at + 10),
      })
    }
    changes.push([addressOfRecord, bindings])
  }
  return changes
}

function parseArray(text: string): readonly unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new Error(`changes of bindings cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (!Array.isArray(parsed)) throw new Error('changes of bindings cannot be read: expected an array')
  return parsed
}

function stringAt(fields: readonly unknown[], at: number): string {
  const value = fields[at]
  if (typeof value !== 'string') throw wrong(at, 'a string')
  return value
}

function wholeAt(fields: readonly unknown[], at: number, most: number): number {
  const value = fields[at]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most)
    throw wrong(at, `a whole number of at most ${Math.floor(most)}`)
  return value
}

const noPath: readonly string[] = Object.freeze([])

function pathAt(fields: readonly unknown[], at: number): readonly string[] {
  const value = fields[at]
  if (value === null) return noPath
  if (!Array.isArray(value) || !value.every((uri) => typeof uri === 'string')) throw wrong(at, 'a list of URIs')
  return value
}

function wrong(at: number, expected: string): Error {
  return new Error(`changes of bindings cannot be read: field ${at} must be ${expected}`)
}

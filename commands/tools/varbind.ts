/** Objects and values as people type them, and varbinds as they read them, as CIAgent's tools had it. */
import { declaredNames } from '../../catalogue.ts'
import { type ExitCode, exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { describe } from '../../lib/mib/config.ts'
import { formatOid, type Oid } from '../../lib/smi/oid.ts'
import { isException, type Varbind } from '../../lib/smi/value.ts'
import { printable } from '../../lib/text/escape.ts'

export function objectNamed(text: string): Oid {
  const oid = declaredNames.resolve(text)
  if (!oid)
    throw new UsageError(`unknown object ${printable(text)}; use a MIB name or a numeric OID such as 1.3.6.1.2.1.1`)
  return oid
}

/** A scalar without its .0 means its one instance. */
export function instanceNamed(text: string): Oid {
  const oid = objectNamed(text)
  const object = declaredNames.objectOf(oid)
  return object?.home.kind === 'scalars' && object.oid.length === oid.length ? [...oid, 0] : oid
}

/** The type comes from the MIB; what the MIB does not know is taken as a number or text. */
export function assignment(object: string, text: string): Varbind {
  const name = instanceNamed(object)
  const declared = declaredNames.objectOf(name)
  if (!declared) {
    const isNumber = /^-?\d+$/.test(text)
    return {
      name,
      value: isNumber ? { type: 'Integer32', value: Number(text) } : { type: 'OctetString', value: Buffer.from(text) },
    }
  }
  const value = declared.syntax.parse(text)
  if (value === undefined)
    throw new UsageError(`${object} is to be ${describe(declared.syntax)}, not ${JSON.stringify(text)}`)
  return { name, value: declared.syntax.toSnmp(value) }
}

/** An exception, such as noSuchInstance, is an answer that is an error. */
export function exitCodeOfAnswer(varbinds: readonly Varbind[]): ExitCode {
  return varbinds.some(({ value }) => isException(value)) ? exitCodes.error : exitCodes.ok
}

export function formatVarbind({ name, value }: Varbind): string {
  return `${declaredNames.format(name)} = ${printable(declaredNames.formatValue(name, value))}`
}

export function varbindJson({ name, value }: Varbind): object {
  const text = declaredNames.formatValue(name, value)
  return { name: declaredNames.format(name), oid: formatOid(name), type: value.type, value: text }
}

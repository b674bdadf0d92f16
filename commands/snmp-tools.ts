/** getone, getnext, getmany, getbulk, setany: the ancestor's tools, in its order of arguments and its kind of output. */

import { parseArgs } from 'node:util'
import { declaredNames } from '../catalogue.ts'
import { codeOf, messageOf } from '../lib/errors.ts'
import { describe } from '../lib/mib/config.ts'
import { formatOid, type Oid } from '../lib/smi/oid.ts'
import { isException, type Varbind } from '../lib/smi/value.ts'
import { jsonText, printable } from '../lib/text/escape.ts'
import { programVersion } from '../lib/version.ts'
import { Manager, type ManagerSecurity, ReportError, ResponseError, TimeoutError } from '../snmp/manager/manager.ts'
import { takeVersion, v3Options, v3Security, v3Usage } from './snmp-security.ts'
import { parseTarget, resolveTarget } from './snmp-target.ts'

type ToolName = 'getone' | 'getnext' | 'getmany' | 'getbulk' | 'setany'

const operands: Record<ToolName, string> = {
  getone: 'OBJECT...',
  getnext: 'OBJECT...',
  getmany: 'OBJECT...',
  getbulk: 'NON-REPEATERS MAX-REPETITIONS OBJECT...',
  setany: 'OBJECT VALUE [OBJECT VALUE]...',
}

const targetUsage =
  '  An IPv6 HOST with a PORT stands in brackets: [2001:db8::1]:161; udp6:NAME takes the IPv6 address of NAME.\n'

class UsageError extends Error {}

interface Invocation {
  readonly manager: Manager
  readonly operands: readonly string[]
  readonly print: (varbind: Varbind) => void
}

/** Exit code: 0 ok, 1 the answer is an error, 2 wrong usage, 3 no answer in time, 4 refused. */
export async function runTool(tool: ToolName, args: readonly string[]): Promise<number> {
  const usage = `usage: ${tool} [-v1|-v2c|-v3] [--json] [--timeout SECONDS] HOST[:PORT] COMMUNITY ${operands[tool]}\n${targetUsage}${v3Usage}`
  let manager: Manager | undefined
  try {
    const { version, rest: others } = takeVersion(args)
    const { values, positionals } = parseArgs({
      args: others,
      allowPositionals: true,
      options: {
        ...v3Options,
        json: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      return 0
    }
    if (values.version) {
      process.stdout.write(`${tool} ${programVersion()}\n`)
      return 0
    }
    const [target, ...afterTarget] = positionals
    const community = version === 'v3' ? '' : afterTarget[0]
    const rest = version === 'v3' ? afterTarget : afterTarget.slice(1)
    if (target === undefined || community === undefined || rest.length === 0)
      throw new UsageError('arguments are missing')
    const timeoutMs = Number(values.timeout) * 1000
    if (!(timeoutMs > 0 && timeoutMs <= 86_400_000))
      throw new UsageError(`--timeout must be a number of seconds up to 86400, got ${values.timeout}`)
    checkTarget(target)
    const security: ManagerSecurity = version === 'v3' ? await v3Security(values) : { version, community }
    manager = new Manager({ ...(await resolveTarget(target)), security, timeoutMs })
    const print = (varbind: Varbind): void => {
      process.stdout.write(values.json ? `${jsonText(toJson(varbind))}\n` : `${formatVarbind(varbind)}\n`)
    }
    return await perform(tool, { manager, operands: rest, print })
  } catch (error) {
    process.stderr.write(`${tool}: ${messageOf(error)}\n`)
    if (error instanceof UsageError || codeOf(error)?.startsWith('ERR_PARSE_ARGS')) {
      process.stderr.write(usage)
      return 2
    }
    if (error instanceof TimeoutError) return 3
    if (error instanceof ReportError) return 4
    if (error instanceof ResponseError)
      return error.status === 'noAccess' || error.status === 'authorizationError' ? 4 : 1
    return 1
  } finally {
    manager?.close()
  }
}

async function perform(tool: ToolName, { manager, operands: given, print }: Invocation): Promise<number> {
  switch (tool) {
    case 'getone':
      return printAll(await manager.get(given.map(instanceNamed)), print)
    case 'getnext':
      return printAll(await manager.getNext(given.map(named)), print)
    case 'getmany':
      for (const root of given.map(named)) for await (const varbind of manager.walk(root)) print(varbind)
      return 0
    case 'getbulk': {
      const [nonRepeaters, maxRepetitions, ...objects] = given
      const isNumber = (text: string | undefined): boolean => text !== undefined && /^\d+$/.test(text)
      if (!isNumber(nonRepeaters) || !isNumber(maxRepetitions) || objects.length === 0)
        throw new UsageError('two numbers and objects are due')
      return printAll(await manager.getBulk(objects.map(named), Number(nonRepeaters), Number(maxRepetitions)), print)
    }
    case 'setany': {
      if (given.length % 2 !== 0) throw new UsageError('every OBJECT needs a VALUE')
      const varbinds: Varbind[] = []
      for (let i = 0; i < given.length; i += 2) varbinds.push(assignment(given[i]!, given[i + 1]!))
      return printAll(await manager.set(varbinds), print)
    }
  }
}

/** What is no target is wrong usage; a name that cannot be resolved is not. */
function checkTarget(text: string): void {
  try {
    parseTarget(text)
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function printAll(varbinds: readonly Varbind[], print: (varbind: Varbind) => void): number {
  for (const varbind of varbinds) print(varbind)
  return varbinds.some(({ value }) => isException(value)) ? 1 : 0
}

function named(text: string): Oid {
  const oid = declaredNames.resolve(text)
  if (!oid)
    throw new UsageError(`unknown object ${printable(text)}; use a MIB name or a numeric OID such as 1.3.6.1.2.1.1`)
  return oid
}

/** A scalar without its .0 means its one instance. */
function instanceNamed(text: string): Oid {
  const oid = named(text)
  const object = declaredNames.objectOf(oid)
  return object?.home.kind === 'scalars' && object.oid.length === oid.length ? [...oid, 0] : oid
}

/** The type comes from the MIB; what the MIB does not know is taken as a number or text. */
function assignment(object: string, text: string): Varbind {
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

export function formatVarbind({ name, value }: Varbind): string {
  return `${declaredNames.format(name)} = ${printable(declaredNames.formatValue(name, value))}`
}

export function toJson({ name, value }: Varbind): object {
  const text = declaredNames.formatValue(name, value)
  return { name: declaredNames.format(name), oid: formatOid(name), type: value.type, value: text }
}

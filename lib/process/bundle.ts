/**
 * A daemon in one file, with V8's code of it beside: its octets need not be parsed and compiled again at each start. `bin/setup`
 * writes both, and a main.js that runs them.
 */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { isMissing } from '../errors.ts'

/** What stands before and after the bundle, which is a script: it is given what a module would have. */
export const bundleBanner = '(function (require, bundleUrl) {'
export const bundleFooter = '})'

/** Of the source, before the code in its file: V8 itself looks at no more of a source than its length. */
const hashLength = 32

/** Runs the bundle beside this main.js. */
export function runBundle(mainUrl: string): void {
  const source = readFileSync(bundlePath(mainUrl))
  const script = new Script(source.toString(), {
    filename: bundlePath(mainUrl),
    cachedData: codeOf(source, codePath(mainUrl)),
  })
  script.runInThisContext()(createRequire(mainUrl), mainUrl)
}

/**
 * Compiles the bundle beside this main.js, and keeps the code of all its functions. It is good for a Node with the same V8 and the
 * same flags as the one this runs in; any other compiles the bundle itself.
 */
export function keepCode(mainUrl: string): void {
  const source = readFileSync(bundlePath(mainUrl))
  // Functions that are not called at once are compiled too; the code is kept for a V8 with the usual flags.
  setFlagsFromString('--no-lazy')
  const script = new Script(source.toString(), { filename: bundlePath(mainUrl) })
  setFlagsFromString('--lazy')
  const path = codePath(mainUrl)
  writeFileSync(`${path}.new`, Buffer.concat([hashOf(source), script.createCachedData()]))
  renameSync(`${path}.new`, path)
}

/** Undefined when there is none, or that of another bundle. */
function codeOf(source: Buffer, path: string): Buffer | undefined {
  try {
    const kept = readFileSync(path)
    return kept.subarray(0, hashLength).equals(hashOf(source)) ? kept.subarray(hashLength) : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function hashOf(source: Buffer): Buffer {
  return createHash('sha256').update(source).digest()
}

function bundlePath(mainUrl: string): string {
  return fileURLToPath(mainUrl).replace(/\.js$/, '.cjs')
}

function codePath(mainUrl: string): string {
  return fileURLToPath(mainUrl).replace(/\.js$/, '.code')
}

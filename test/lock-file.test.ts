/** `npm ci` takes a lock file only when it names the optional packages of every platform, not of the one it was made on. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../lib/program-root.ts'

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>
}

const { packages } = JSON.parse(readFileSync(join(programRoot, 'package-lock.json'), 'utf8')) as Lock
const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))

test('the lock file has every optional package that a package of it names', () => {
  const missing = optional.filter((name) => !(`node_modules/${name}` in packages))
  assert.deepEqual(missing, [])
})

test('the compilers and the style checker are locked for linux-arm64 too', () => {
  const compiled = optional.filter((name) => name.endsWith('linux-arm64'))
  assert.deepEqual(compiled.toSorted(), [
    '@biomejs/cli-linux-arm64',
    '@esbuild/linux-arm64',
    '@typescript/typescript-linux-arm64',
  ])
})

test('the lock file names no host that packages were fetched from', () => {
  assert.equal(JSON.stringify(packages).includes('"resolved"'), false)
})

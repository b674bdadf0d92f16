import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { bundleBanner, bundleFooter, keepCode, runBundle } from '../../lib/process/bundle.ts'

let folder: string
let mainUrl: string
const path = (name: string): string => join(folder, name)
/** A bundle that leaves a file with this word, and what it was given. */
const writeBundle = (word: string): void =>
  writeFileSync(
    path('main.cjs'),
    `${bundleBanner}require('node:fs').writeFileSync(new URL('said', bundleUrl), '${word}')${bundleFooter}`,
  )
const said = (): string => readFileSync(path('said'), 'utf8')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  mainUrl = pathToFileURL(path('main.js')).href
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a bundle runs with the code that was kept of it, and without', () => {
  writeBundle('compiled')
  runBundle(mainUrl)
  assert.equal(said(), 'compiled')
  rmSync(path('said'))
  keepCode(mainUrl)
  runBundle(mainUrl)
  assert.equal(said(), 'compiled')
})

test('code that was kept of another bundle is not run, though the bundles are of one length', () => {
  writeBundle('before')
  keepCode(mainUrl)
  writeBundle('behind')
  runBundle(mainUrl)
  assert.equal(said(), 'behind')
})

test('a bundle runs whatever is in the file of its code', () => {
  writeBundle('runs')
  keepCode(mainUrl)
  const code = readFileSync(path('main.code'))
  for (const octets of [Buffer.alloc(0), code.subarray(0, 32), code.subarray(0, 40), Buffer.alloc(1000)]) {
    writeFileSync(path('main.code'), octets)
    rmSync(path('said'), { force: true })
    runBundle(mainUrl)
    assert.equal(said(), 'runs')
  }
})

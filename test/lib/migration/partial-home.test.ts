import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { domains, foldersOf, makeFolders, resolveHome } from '../../../lib/home/home.ts'
import { migrateHome } from '../../../lib/migration/migrate.ts'

for (const domain of domains)
  test(`a home with the configuration of ${domain} alone is one that its daemon can be started in`, () => {
    const root = mkdtempSync(join(tmpdir(), 'castellan-partial-'))
    try {
      const home = resolveHome(root)
      mkdirSync(foldersOf(home, domain).conf, { recursive: true })
      makeFolders(home, domain)
      assert.equal(migrateHome(home), undefined)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })

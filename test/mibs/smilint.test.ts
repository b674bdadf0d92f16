import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { needs } from '../support/peers.ts'

const folder = join(programRoot, 'mibs')
const modules = readdirSync(folder)
const imported = join(programRoot, 'test', 'fixtures', 'mibs')

/** What smilint says at its strictest, and why it stays. */
const exceptions: Readonly<Record<string, readonly { readonly says: string; readonly reason: string }[]>> = {
  'CASTELLAN-EVENT-MIB.txt': [
    {
      says: "index element `castellanEventInstanceOID' of row `castellanEventInstanceEntry' should but cannot have a size restriction",
      reason: 'the index is the name of an object, whose length SMIv2 cannot restrict',
    },
    {
      says: "index of row `castellanEventInstanceEntry' can exceed OID size limit by 80 subidentifier(s)",
      reason: 'the description of the row says what happens to longer names',
    },
  ],
  'CASTELLAN-SMI.txt': [
    { says: "module name `CASTELLAN-SMI' should match `*-MIB'", reason: 'it has no objects, like SNMPv2-SMI' },
    ...['CastellanText', 'AlarmSeverity', 'YesNo'].map((name) => ({
      says: `current type \`${name}' is not referenced in this module`,
      reason: 'the other modules import it',
    })),
  ],
}

describe('MIB modules', needs('smilint'), () => {
  for (const module of modules)
    test(`smilint finds nothing in ${module} but what is written down here`, () => {
      const env = { ...process.env, SMIPATH: [imported, folder].join(delimiter) }
      const { stdout, stderr } = spawnSync('smilint', ['-l', '6', join(folder, module)], { env, encoding: 'utf8' })
      const said = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
      assert.deepEqual(
        said.map((line) => line.replace(/^\S+:\d+: (?:warning: )?/, '')).sort(),
        (exceptions[module] ?? []).map(({ says }) => says).sort(),
      )
    })
})

test('every module with objects has a compliance statement, and a statement of what Castellan supports of it', () => {
  const capabilities = readFileSync(join(folder, 'CASTELLAN-CAPABILITIES-MIB.txt'), 'utf8')
  const missing = modules
    .filter((file) => / OBJECT-TYPE$/m.test(readFileSync(join(folder, file), 'utf8')))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8')
      const groups = [...text.matchAll(/^(\w+) (?:OBJECT|NOTIFICATION)-GROUP$/gm)].map(([, name]) => name)
      const supported = new RegExp(`SUPPORTS +${file.replace('.txt', '')}\\s+INCLUDES \\{ ([^}]*) \\}`).exec(
        capabilities,
      )
      return [
        ...(/ MODULE-COMPLIANCE$/m.test(text) ? [] : [`${file}: no MODULE-COMPLIANCE`]),
        ...(supported?.[1] === groups.join(', ') ? [] : [`${file}: its groups are ${groups.join(', ')}`]),
      ]
    })
  assert.deepEqual(missing, [])
})

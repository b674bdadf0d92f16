/** smLangTable and smExtsnTable: what the scripts of this machine may be written in, and what they have beyond that. */

import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { scriptIdentities, smExtsnTable, smLangTable } from './mib.ts'
import { languages } from './program.ts'

const castellan = oid(castellanArc)
const notKnown = oid('0.0')

export function serveLanguages(): Serving[] {
  const table = serve(smLangTable)
  table.table.put({
    smLangIndex: languages.program,
    smLangLanguage: oid(`${scriptIdentities}.1`),
    smLangVersion: '',
    smLangVendor: castellan,
    smLangRevision: '',
    smLangDescr: 'a program of this machine with its arguments; no shell',
  })
  table.table.put({
    smLangIndex: languages.shell,
    smLangLanguage: oid(`${scriptIdentities}.2`),
    smLangVersion: '',
    smLangVendor: notKnown,
    smLangRevision: '',
    smLangDescr: "a command of this machine's /bin/sh; launch arguments are its $1, $2, ...",
  })
  const extensions = serve(smExtsnTable)
  for (const smLangIndex of Object.values(languages)) {
    extensions.table.put({
      smLangIndex,
      smExtsnIndex: 1,
      smExtsnExtension: oid(`${scriptIdentities}.3`),
      smExtsnVersion: '1.0',
      smExtsnVendor: castellan,
      smExtsnRevision: '',
      smExtsnDescr: "lines on descriptor 3: 'result TEXT' sends smScriptResult, 'error TEXT' sends smScriptException",
    })
  }
  return [anyServing(table), anyServing(extensions)]
}

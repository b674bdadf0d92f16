import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/home.ts'
import { runProgram } from '../../lib/program/run.ts'

const skip = process.getuid?.() !== 0 && 'only root may mount a /proc'

test('a process that /proc hides is not taken for one that is not there', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hidden-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // Where the other user can read it.
  cpSync(join(programRoot, 'dist', 'lib'), join(folder, 'lib'), { recursive: true })
  cpSync(join(programRoot, 'package.json'), join(folder, 'package.json'))
  const ask = `import(${JSON.stringify(join(folder, 'lib', 'proc', 'process.js'))}).then(({ readProcess }) => {
    const see = (pid) => { try { return readProcess(pid)?.pid ?? 'none' } catch ({ code }) { return code } }
    console.log(see(process.pid) === process.pid, see(Number(process.argv[1])), see(4194304))
  })`
  const command = [
    'mount -t proc -o hidepid=1 proc /proc',
    `chmod 755 ${folder}`,
    'sleep 60 & setpriv --reuid=65534 --regid=65534 --clear-groups',
  ].join(' && ')
  const argv = [
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    'sh',
    '-c',
    `${command} ${process.execPath} -e "$0" $!`,
    ask,
  ] as const
  const { output, errors } = await runProgram({ argv, limitMs: 20_000 })
  assert.match(output, /^true (EPERM|EACCES) none\n$/, errors)
})

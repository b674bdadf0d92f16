import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgram } from '../../lib/program/run.ts'
import { readableProgram } from '../support/other-user.ts'

const skip = process.getuid?.() !== 0 && 'only root may mount a /proc'

test('a process that /proc hides is not taken for one that is not there', { skip }, async () => {
  const ask = `import(${JSON.stringify(join(readableProgram(), 'dist', 'lib', 'proc', 'process.js'))}).then(({ readProcess }) => {
    const see = (pid) => { try { return readProcess(pid)?.pid ?? 'none' } catch ({ code }) { return code } }
    console.log(see(process.pid) === process.pid, see(Number(process.argv[1])), see(4194304))
  })`
  const command = [
    'mount -t proc -o hidepid=1 proc /proc',
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

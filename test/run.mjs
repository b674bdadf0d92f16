// `npm test`: installs the real peers where it can, runs every test, and closes with one line of counts.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

// Debian gives daemons such as snmpd to /usr/sbin, which is not on every user's PATH.
const folders = [...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'])]
process.env.PATH = folders.join(delimiter)

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Program, or a path, and the Debian package that has it. */
const peers = {
  snmpget: 'snmp',
  snmpd: 'snmpd',
  snmptrapd: 'snmptrapd',
  sipp: 'sip-tester',
  sipsak: 'sipsak',
  baresip: 'baresip-core',
  nft: 'nftables',
  openssl: 'openssl',
  '/usr/lib/python3/dist-packages/pysnmp': 'python3-pysnmp4',
  'systemd-analyze': 'systemd',
  'dbus-daemon': 'dbus-daemon',
  strace: 'strace',
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1': 'libfaketime',
  ip: 'iproute2',
  rpm: 'rpm',
  kamailio: 'kamailio',
  gcc: 'gcc',
  '/usr/include/stdio.h': 'libc6-dev',
  'net-snmp-config': 'libsnmp-dev',
  git: 'git',
  age: 'age',
  exim4: 'exim4-daemon-light',
  '/usr/sbin/sshd': 'openssh-server',
  sftp: 'openssh-client',
  'prometheus-snmp-exporter': 'prometheus-snmp-exporter',
  '/usr/lib/nagios/plugins/check_snmp': 'monitoring-plugins-standard',
  '/usr/lib/frr/bgpd': 'frr',
  '/usr/lib/x86_64-linux-gnu/frr/modules/bgpd_snmp.so': 'frr-snmp',
}

installPeers()
const folder = join(root, 'dist', 'test')
const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.test.js') && existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
  .map((name) => join(folder, name))
const only = process.argv.slice(2)
const chosen = only.length > 0 ? files.filter((file) => only.some((word) => file.includes(word))) : files

const counts = { passed: 0, failed: 0, skipped: 0 }
/** What the tests of each folder took, in milliseconds. */
const durations = new Map()
const stream = run({ files: chosen, concurrency: 2, timeout: 300_000 })
stream.on('test:fail', ({ details }) => {
  if (details?.type !== 'suite') counts.failed++
})
stream.on('test:pass', ({ skip, details }) => {
  if (skip !== undefined) counts.skipped++
  else if (details?.type !== 'suite') counts.passed++
})
for (const kind of ['test:pass', 'test:fail']) stream.on(kind, addDuration)
stream.compose(new spec()).pipe(process.stdout)
stream.on('end', () => {
  process.on('exit', () =>
    process.stdout.write(
      `\n${timeByFolder()}\n\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
    ),
  )
  const isRefused = counts.failed > 0 || (process.env.CI && counts.skipped > 0) || counts.passed === 0
  process.exitCode = isRefused ? 1 : 0
})

function addDuration({ nesting, file, details }) {
  if (nesting !== 0 || file === undefined) return
  const of = relative(folder, dirname(file)) || '.'
  durations.set(of, (durations.get(of) ?? 0) + (details?.duration_ms ?? 0))
}

/** Two files run at once, so that the sum is more than the time that has passed. */
function timeByFolder() {
  const slowest = [...durations].sort(([, a], [, b]) => b - a)
  return `time by folder: ${slowest.map(([of, ms]) => `${of} ${(ms / 1000).toFixed(1)} s`).join(', ')}`
}

function installPeers() {
  const missing = Object.entries(peers).filter(([program]) =>
    program.startsWith('/') ? !existsSync(program) : !folders.some((one) => existsSync(join(one, program))),
  )
  if (missing.length === 0) return
  const packages = missing.map(([, name]) => name)
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`test: some tests will be skipped; to have them all: sudo apt-get install ${packages.join(' ')}`)
    return
  }
  console.error(`test: installing ${packages.join(' ')}`)
  // The packages' own services are of no use here, and would take the standard ports.
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', '-y', ...args], { stdio: ['ignore', 2, 2], env: environment }).status === 0
  if (!apt('install', '--no-install-recommends', ...packages)) {
    apt('update')
    if (!apt('install', '--no-install-recommends', ...packages))
      console.error('test: could not install them; their tests are skipped')
  }
}

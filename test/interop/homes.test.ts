import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fillUnit } from '../../commands/units/units.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, runBin, showGuarded, type TestHome } from '../support/appliance.ts'
import { nobody, readableProgram } from '../support/other-user.ts'
import { needs } from '../support/peers.ts'
import { noSystemd, UserSystemd } from '../support/systemd.ts'

/** A blank, a quote, a backslash, what String.replace takes for a pattern, a comment's beginning, beyond ASCII. */
const strangeName = `x y"z\\$&#é`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'homes-'))
  chmodSync(folder, 0o755)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A free place for ports; its own home is not needed. */
async function freePorts(): Promise<TestHome & { offset: number }> {
  const at = await makeHome()
  await rm(at.home.root, { recursive: true, force: true })
  return { ...at, offset: at.snmpPort - 1161 }
}

describe('a home with a strange name', needs('snmpget'), () => {
  test('is made, checked, started, asked over SNMP, and stopped', async () => {
    const root = join(folder, strangeName)
    const { offset, snmp } = await freePorts()
    const castellan = (...args: string[]) => runBin('castellan', [...args, '--home', root])
    assert.equal((await castellan('init', '--port-offset', String(offset))).code, 0)
    assert.deepEqual(await castellan('check'), { code: 0, out: 'all configuration files are good\n', err: '' })
    showGuarded({ home: resolveHome(root) }, 'critAppStartCommand')
    try {
      const started = await castellan('start', '--detach')
      assert.deepEqual([started.code, started.err], [0, ''])
      assert.match(started.out, /^ {2}sipd +up {3}udp and tcp /m)
      const get = (oid: string): string =>
        execFileSync('snmpget', ['-v2c', '-c', 'cspsAdmin', '-Oqva', snmp, oid], { encoding: 'utf8' })
      const startCommand = '.1.3.6.1.4.1.32473.12.29.1.1.1.3.1'
      assert.match(get(startCommand), /sip start --home/)
      const logFile = execFileSync(join(programRoot, 'bin', 'getone'), ['-v2c', snmp, 'public', 'siLogFileName.1'])
      assert.equal(logFile.toString(), `siLogFileName.1 = ${root}/logs/sipd/error_log\n`)
    } finally {
      assert.equal((await castellan('stop')).code, 0)
    }
    assert.equal((await castellan('status')).code, 1)
  })

  test('systemd gives it to a program as it is', { skip: noSystemd }, async () => {
    const said = join(folder, 'said')
    // systemd refuses programs with a quote or a backslash in their names.
    const program = join(folder, 'x y$&#é.sh')
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" > "${said}"\n`, { mode: 0o755 })
    const home = join(folder, `100%i ${strangeName};'`)
    const systemd = new UserSystemd(folder)
    const unit = fillUnit('[Service]\nType=oneshot\nExecStart={program} --home {home} {home}/conf --at={home}/x\n', {
      program,
      home,
    })
    systemd.unit('strange.service', unit)
    await systemd.start()
    try {
      const [command, ...args] = systemd.systemctl
      execFileSync(command, [...args, 'start', 'strange.service'])
      assert.deepEqual(readFileSync(said, 'utf8').split('\n'), ['--home', home, `${home}/conf`, `--at=${home}/x`, ''])
    } finally {
      await systemd.stop()
    }
  })
})

test('a home whose sockets would not fit is refused by init and start with a sentence', async () => {
  const root = join(folder, 'x'.repeat(90))
  for (const command of ['init', 'start']) {
    const { code, err } = await runBin('castellan', [command, '--home', root])
    assert.equal(code, 1)
    assert.match(
      err,
      /octets long, and the sockets of a home allow 79; choose a shorter path, or a symbolic link to it\n$/,
    )
  }
  assert.equal(existsSync(root), false)
})

test('an offset that takes ports beyond 65535 is wrong usage, and so is an empty CASTELLAN_HOME', async () => {
  const { code, err } = await runBin('castellan', ['init', '--home', join(folder, 'h'), '--port-offset', '60475'])
  assert.equal(code, 2)
  assert.match(err, /--port-offset 60475 would make port 5061 port 65536; the largest offset is 60474\n$/)
  assert.equal(existsSync(join(folder, 'h')), false)
  for (const [program, command] of [
    ['castellan', 'status'],
    ['castellan', 'stop'],
    ['sip', 'status'],
  ] as const) {
    const empty = await runBin(program, [command], { CASTELLAN_HOME: '' })
    assert.equal(empty.code, 2)
    assert.match(empty.err, /CASTELLAN_HOME is empty/)
  }
})

describe('another user', { skip: process.getuid?.() !== 0 && 'only root may act as somebody else' }, () => {
  test('is refused by status and stop, sip and the daemons, with exit code 4', async () => {
    const { home } = await makeHome()
    try {
      for (const [program, ...args] of [
        ['castellan', 'status'],
        ['castellan', 'stop'],
        ['castellan', 'restart', 'agent'],
        ['castellan', 'reload'],
        ['castellan', 'check'],
        ['castellan', 'rotate'],
        ['castellan', 'apps'],
        ['castellan', 'events'],
        ['castellan', 'user', 'list'],
        ['castellan', 'access', 'public', 'sysDescr.0'],
        ['castellan', 'logs'],
        ['sip', 'status'],
        ['ciagent', '-fullstop'],
        ['csps_ciagent_ctl', 'status'],
      ] as const) {
        const { code, err } = await asNobody(join(readableProgram(), 'bin', program), ...args, '--home', home.root)
        assert.equal(code, 4, `${program} ${args}: ${err}`)
        assert.match(err, /\(uid 65534\) has no access to .*; run the command as the owner of the home\n$/)
      }
      for (const daemon of ['agent', 'subagents', 'sipd']) {
        const main = join(readableProgram(), 'dist', daemon, 'main.js')
        const { code, err } = await asNobody(process.execPath, main, '--home', home.root)
        assert.deepEqual([code, err.split(':')[0]], [4, daemon])
      }
    } finally {
      await rm(home.root, { recursive: true, force: true })
    }
  })
})

async function asNobody(program: string, ...args: string[]): Promise<{ code: number; err: string }> {
  const child = spawn(program, args, { uid: nobody, gid: nobody, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, err }
}

describe('a start that cannot have all', () => {
  let at: TestHome
  const castellan = (...args: string[]) => runBin('castellan', [...args, '--home', at.home.root])
  beforeEach(async () => {
    at = await makeHome()
  })
  afterEach(async () => {
    await castellan('stop')
    await rm(at.home.root, { recursive: true, force: true })
  })

  test('says which application is not up, and in its own words why; the rest runs', async () => {
    const taken = createSocket('udp4').bind(at.sipPort, '127.0.0.1')
    await once(taken, 'listening')
    try {
      const { code, out, err } = await castellan('start', '--detach')
      assert.equal(code, 1)
      assert.match(out, /^Castellan runs, but not all that it supervises: sipd\.\n/)
      const reason = `udp 127.0.0.1:${at.sipPort} is in use by PID ${process.pid} `
      assert.ok(out.includes(`sipd          not up: `) && out.includes(reason), out)
      assert.match(err, /^castellan: sipd is not up: /)
      const status = JSON.parse((await castellan('status', '--json')).out) as { name: string; state: string }[]
      assert.deepEqual(
        status.map(({ state }) => state),
        ['runs', 'runs', 'does not run', 'runs'],
      )
    } finally {
      taken.close()
    }
  })

  test('says why the agent cannot listen, and leaves nothing', async () => {
    const file = join(at.home.conf, 'agent', 'snmpd.cnf')
    const text = readFileSync(file, 'utf8')
      .replace('snmpListenEntry 127.0.0.1', 'snmpListenEntry 192.0.2.1')
      .replace(/^snmpCommunityEntry .*$/gm, '')
    writeFileSync(file, text)
    const { code, err } = await castellan('start', '--detach')
    assert.equal(code, 1)
    assert.match(err, /listen on udp 192\.0\.2\.1:\d+: .*EADDRNOTAVAIL/)
    assert.match((await castellan('status')).out, /^agent +does not run\nsubagents +does not run\nsipd +does not run\n/)
  })

  const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root may mount a small disk' }
  test('says that a full disk is why a daemon could not say why it ended, and leaves nothing', asRoot, async () => {
    // All that a start writes before it starts a daemon is there by then.
    assert.equal((await castellan('start', '--detach')).code, 0)
    assert.equal((await castellan('stop')).code, 0)
    const agentLogs = join(at.home.logs, 'agent')
    const engine = join(at.home.data, 'agent', 'engine.json')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', agentLogs])
    try {
      assert.throws(() => writeFileSync(join(agentLogs, 'filler'), Buffer.alloc(128 * 1024)), { code: 'ENOSPC' })
      // The agent has something to say, and no room to say it.
      writeFileSync(engine, 'broken')
      const { code, err } = await castellan('start', '--detach')
      assert.equal(code, 1)
      assert.match(
        err,
        /^castellan: the agent ended with exit code 1; what it printed is lost, as the disk of .*logs\/agent is full\n$/,
      )
      assert.match((await castellan('status')).out, /^agent +does not run\nsubagents +does not run\n/)
    } finally {
      execFileSync('umount', [agentLogs])
      await rm(engine)
    }
  })

  test('goes on from a folder that has been removed, and shows targets whose names have blanks', async () => {
    const file = join(at.home.conf, 'agent', 'snmpd.cnf')
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('snmpTargetAddrEntry local', 'snmpTargetAddrEntry "my local one"'),
    )
    const gone = mkdtempSync(join(tmpdir(), 'gone-'))
    const command = `cd "$1" && rmdir "$1" && exec "$2" start --detach --home "$3"`
    const child = spawn('sh', ['-c', command, 'sh', gone, join(programRoot, 'bin', 'castellan'), at.home.root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.match(out, new RegExp(`traps go to +udp 127.0.0.1:${at.trapPort}\n`))
    assert.throws(() => rmdirSync(gone), { code: 'ENOENT' })
  })
})

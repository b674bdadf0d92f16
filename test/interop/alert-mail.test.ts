/** The console's mail through a real mail server: Debian's exim, with a spool, a port and a mailbox of the test's own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ownerNamed } from '../../lib/users/owner.ts'
import { Appliance, freeOffset, makeHome, until } from '../support/appliance.ts'
import { needs } from '../support/peers.ts'

describe('mail about incidents, by exim', needs('exim4'), () => {
  let appliance: Appliance
  let exim: ChildProcess
  let folder: string
  let port: number

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'castellan-exim-'))
    port = 10_025 + ((await freeOffset()) % 40_000)
    exim = await startExim(folder, port)
    appliance = new Appliance(await makeHome())
    assert.equal((await appliance.castellan('init')).code, 0)
    appendFileSync(
      join(appliance.at.home.conf, 'console', 'alerts.cnf'),
      [
        `alertMailServer 127.0.0.1:${port} none`,
        'alertMailFrom castellan@example.com',
        'alertRuleEntry all * - asIs always mail:ops@example.com',
        '',
      ].join('\n'),
    )
    for (const daemon of ['agent', 'console'] as const)
      assert.equal(await appliance.startDaemon(daemon), undefined, appliance.output)
  })
  after(async () => {
    await appliance.stop()
    exim.kill('SIGTERM')
    await once(exim, 'exit')
    await rm(folder, { recursive: true, force: true })
  })

  const mails = (): string[] => {
    const path = join(folder, 'box', 'ops')
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split(/^From castellan@/m)
          .slice(1)
      : []
  }

  test('castellan alerts test says what the server said, and the mail is in the mailbox', async () => {
    const { code, out, err } = await appliance.castellan('alerts', 'test')
    assert.equal(code, 0, err)
    assert.match(out, /^mail:ops@example\.com: sent; the server said: 250 OK id=/)
    await until(() => mails().length >= 1, 10_000, 'the mail')
    assert.match(mails()[0]!, /^Subject: \[.*\] A test of alerts/m)
  })

  test('subagents that are lost and come back are two mails of one thread', async () => {
    const about = (): string[] => mails().filter((mail) => /subagent/.test(mail))
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await appliance.stopDaemon('subagents', 'SIGKILL')
    await until(() => about().length >= 1, 30_000, 'the first mail')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(() => about().length >= 2, 30_000, 'the second mail')
    const [first = '', second = ''] = about()
    const id = /^Message-ID: (.+)$/m.exec(first)?.[1]
    assert.ok(id && second.includes(`In-Reply-To: ${id}`), second)
    const { out } = await appliance.castellan('incidents')
    assert.match(out, /over +major/)
  })
})

/** Takes mail for everybody into files, as a user without rights. Resolves when it listens. */
async function startExim(folder: string, port: number): Promise<ChildProcess> {
  const user = ownerNamed('Debian-exim')
  assert.ok(user)
  chmodSync(folder, 0o755)
  for (const name of ['spool', 'box', 'log']) {
    mkdirSync(join(folder, name), { mode: 0o750 })
    chownSync(join(folder, name), user.uid, user.gid)
  }
  mkdirSync(join(folder, 'etc'))
  const configuration = join(folder, 'etc', 'exim4.conf')
  writeFileSync(
    configuration,
    `spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/spool/exim.pid
primary_hostname = mail.example.com
local_interfaces = 127.0.0.1
tls_advertise_hosts =
acl_smtp_rcpt = accept
begin acl
accept:
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  file = ${folder}/box/ops
  user = Debian-exim
  group = Debian-exim
`,
  )
  // exim gives root up for a file that is named with -C; in a mount namespace this one is where it looks.
  const run = `mount --bind ${folder}/etc /etc/exim4 && exec exim4 -bdf -q1h -oX 127.0.0.1.${port}`
  const child = spawn('unshare', ['--mount', 'sh', '-c', run], { stdio: 'inherit' })
  await until(() => existsSync(join(folder, 'spool', 'exim.pid')) || child.exitCode !== null, 10_000, 'exim')
  assert.equal(child.exitCode, null)
  return child
}

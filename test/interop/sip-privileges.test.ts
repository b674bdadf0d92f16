import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { readCredentials } from '../../lib/proc/credentials.ts'
import { visibleProcesses } from '../../lib/proc/process.ts'
import type { Outcome } from '../../lib/program/run.ts'
import type { Account } from '../../lib/users/accounts.ts'
import { whatIsLeft } from '../../lib/users/privileges.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { LaidOutHome, noLayout, sipdUser } from '../support/laid-out.ts'
import { needs } from '../support/peers.ts'
import { type Certificates, makeCertificates } from '../support/sip-certificates.ts'

const account: Account = { name: undefined, uid: sipdUser, gid: sipdUser }
/** Nobody else serves this address, so that ports below 1024 are free. */
const address = `127.${64 + (process.pid % 64)}.${Math.floor(process.pid / 64) % 256}.7`

describe('sipd that root starts in a laid-out installation', { skip: noLayout, ...needs('openssl') }, () => {
  let installed: LaidOutHome
  let certificates: Certificates
  let sha256: string
  before(async () => {
    certificates = makeCertificates()
    chmodSync(certificates.server.key, 0o600)
    const pem = readFileSync(certificates.server.certificate)
    sha256 = new X509Certificate(pem).fingerprint256
    installed = await LaidOutHome.make()
    const lines = [
      `Listen ${address}:506`,
      'ProxyDomain example.test',
      // A secret, in a file that root owns and sipd's group reads.
      'DB_MySQL_Password hush',
      'StartServers 2',
      'SipTlsEnable On',
      'SipTlsPort 507',
      `SipTlsCertificateFile ${certificates.server.certificate}`,
      `SipTlsCertificateKeyFile ${certificates.server.key}`,
      `ErrorLog "|${join(installed.program, 'bin', 'rotatelogs')} logs/sipd/error_log 86400"`,
    ]
    writeFileSync(configuration(), `${lines.join('\n')}\n`)
    assert.deepEqual((await sip('start')).exit, { kind: 'exited', code: 0 })
  })
  after(async () => {
    await sip('stop')
    await installed.remove()
    await rm(certificates.folder, { recursive: true, force: true })
  })

  const configuration = (): string => join(installed.home.conf, 'sipd', 'sipd.conf')
  const sip = (...words: string[]): Promise<Outcome> => installed.runAs(0, ['sip', ...words])
  const parent = (): number | undefined => readPidFile(join(installed.home.run, 'sipd', 'sipd.pid'))?.pid
  const workers = async (): Promise<{ pid: number; state: string }[]> =>
    JSON.parse((await sip('status', '--json')).output).workers
  const children = (): number[] =>
    visibleProcesses()
      .filter(({ parentPid }) => parentPid === parent())
      .map(({ pid }) => pid)
  /** The parent, workers and the program that a log is piped to, in all of their threads. */
  const assertNothingIsLeft = (): void => {
    const family = [parent()!, ...children()]
    assert.ok(family.length >= 4, `${family.length} processes`)
    for (const pid of family)
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const credentials = readCredentials(pid, Number(thread))
        assert.equal(whatIsLeft(account, credentials), undefined, readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
        assert.deepEqual(credentials?.groups, [sipdUser])
      }
  }
  const assertAnswers = async (): Promise<void> => {
    // The certificate is for a domain that no name server knows.
    const ways = [[`${address}:506`], [`${address}:506`, '--tcp'], [`${address}:507`, '--tls', '--fingerprint', sha256]]
    for (const [where, ...how] of ways) {
      const { exit, printed } = await sip('ping', '--uri', `sip:${where}`, ...how)
      assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
    }
  }

  test('gives up root in the parent, its workers and the programs of its logs, and answers on ports below 1024', async () => {
    assertNothingIsLeft()
    await assertAnswers()
    const folders = ['data', 'logs', 'run'].map((name) => join(installed.home.root, name, 'sipd'))
    for (const folder of folders)
      for (const name of readdirSync(folder))
        if (name !== 'sipd.out') assert.equal(lstatSync(join(folder, name)).uid, sipdUser, join(folder, name))
  })

  test('has its ports and its keys for the next generation, after sip graceful and txngraceful-restart', async () => {
    const before = (await workers()).map(({ pid }) => pid)
    assert.deepEqual((await sip('graceful')).exit, { kind: 'exited', code: 0 })
    await assertAnswers()
    const { exit, printed } = await sip('txngraceful-restart', '0', '1', '--wait')
    assert.deepEqual(exit, { kind: 'exited', code: 0 }, printed)
    await assertAnswers()
    assertNothingIsLeft()
    const now = (await workers()).filter(({ state }) => state === 'serving')
    assert.equal(now.length, 2)
    assert.ok(now.every(({ pid }) => !before.includes(pid)))
    const log = readdirSync(join(installed.home.logs, 'sipd'))
      .filter((name) => name.startsWith('error_log'))
      .map((name) => readFileSync(join(installed.home.logs, 'sipd', name), 'utf8'))
      .join('')
    assert.match(log, /sipd gave up root runsAs="uid 61002"/)
    assert.match(
      log,
      /only root can read this file; what it held when sipd was started is used path=.*example\.test\.key/,
    )
  })

  test('ends when no worker has a port below 1024 any more, for only a start as root helps', async () => {
    const serving = await workers()
    const before = parent()!
    for (const { pid } of serving) process.kill(pid, 'SIGKILL')
    await until(() => parent() === undefined, 10_000, 'the end of sipd')
    assert.deepEqual((await sip('start')).exit, { kind: 'exited', code: 0 })
    assert.notEqual(parent(), before)
    assertNothingIsLeft()
  })

  test('is not served by a folder that is a link, nor with files of another user', async () => {
    await sip('stop')
    const data = join(installed.home.data, 'sipd')
    writeFileSync(join(data, 'registry_db.sqlite'), '')
    const strange = join(data, 'strange')
    writeFileSync(strange, '')
    const refused = await sip('start')
    assert.deepEqual(refused.exit, { kind: 'exited', code: 4 }, refused.printed)
    // It may be a second name of any file of root's, which chown would give away.
    assert.match(refused.printed, /others own \S+\/data\/sipd\/strange in its folders; remove or move away/)
    assert.doesNotMatch(refused.printed, /chown/)
    assert.equal(lstatSync(strange).uid, 0, 'nothing changed hands')
    rmSync(strange)
    const elsewhere = join(installed.home.root, 'elsewhere')
    mkdirSync(elsewhere)
    rmSync(data, { recursive: true })
    symlinkSync(elsewhere, data)
    const linked = await sip('start')
    assert.notDeepEqual(linked.exit, { kind: 'exited', code: 0 })
    assert.equal(lstatSync(elsewhere).uid, 0, 'a link leads nowhere')
    rmSync(data)
    // A folder that is new, or root's and empty, becomes its user's.
    mkdirSync(data)
    const started = await sip('start')
    assert.deepEqual(started.exit, { kind: 'exited', code: 0 }, started.printed)
    assert.equal(lstatSync(data).uid, sipdUser)
  })
})

describe('sipd that root starts in a checkout', { skip: noLayout }, () => {
  let at: TestHome
  before(async () => {
    at = await makeHome()
  })
  after(async () => {
    await runBin('sip', ['stop', '--home', at.home.root])
    await rm(at.home.root, { recursive: true, force: true })
  })
  const write = (...lines: string[]): void =>
    writeFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), `${lines.join('\n')}\n`)
  const start = () => runBin('sip', ['start', '--home', at.home.root])

  test('does not serve other machines as root unless sipd.conf says so, with exit code 4', async () => {
    write(`Listen 0.0.0.0:${at.sipPort}`, 'User no-user-of-this-name')
    const refused = await start()
    assert.equal(refused.code, 4, refused.err)
    assert.match(refused.err, /there is no user no-user-of-this-name; make one, or change User/)
    write(`Listen 0.0.0.0:${at.sipPort}`, 'User "#61003"')
    const closed = await start()
    assert.equal(closed.code, 4, closed.err)
    assert.match(closed.err, /cannot run as uid 61003/)
    write(`Listen 0.0.0.0:${at.sipPort}`, 'User root')
    const told = await start()
    assert.equal(told.code, 0, told.err)
    assert.match(
      readFileSync(join(at.home.logs, 'sipd', 'error_log'), 'utf8'),
      /sipd runs as root reason="User is root"/,
    )
  })
})

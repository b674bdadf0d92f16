import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createLog } from '../../lib/log/log.ts'
import { ProgramReports } from '../../lib/program/program-report.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { rpmProgram } from '../../subagents/host/rpm.ts'
import { startHost } from '../subagents/host/support.ts'
import { needs } from '../support/peers.ts'

const spec = (name: string, more = ''): string =>
  `Name: ${name}\nVersion: 1.0~rc1\nRelease: 3\nSummary: a sample\nLicense: MIT\n${more}%description\nA sample.\n%files\n`

describe('packages of a machine that has rpm and no dpkg', needs('rpm', 'rpmbuild'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-rpm-'))
  const database = join(folder, 'database')
  const lines: string[] = []
  // dpkg is here as well; what is tested is a machine without.
  const { unless: _, ...program } = rpmProgram(folder, database)
  const log = createLog({ component: 'test', write: (line) => lines.push(line) })
  const reports = new ProgramReports([program], { clock: systemClock, log })
  const options = { packagesFolder: join(folder, 'no-dpkg'), rpmReport: program.path }
  const rpm = (...args: string[]): string =>
    execFileSync('rpm', ['--dbpath', database, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

  before(() => {
    const build = (name: string, text: string): void => {
      const path = join(folder, `${name}.spec`)
      writeFileSync(path, text)
      execFileSync('rpmbuild', ['--quiet', '--define', `_topdir ${folder}`, '-bb', path], { stdio: 'ignore' })
    }
    build('one', spec('castellan-one', 'BuildArch: noarch\nEpoch: 2\n'))
    build('two', spec('castellan-two', 'BuildArch: noarch\n'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const install = (name: string): void => {
    mkdirSync(database, { recursive: true })
    rpm('-i', '--justdb', '--nodeps', join(folder, 'RPMS', 'noarch', `castellan-${name}-1.0~rc1-3.noarch.rpm`))
  }
  const shown = (host: Awaited<ReturnType<typeof startHost>>) =>
    host.rows('hrSWInstalledTable').map((row) => row.hrSWInstalledName as string)
  const listed = (): string[] => rpm('-qa').trim().split('\n').sort()

  test('without a database rpm is not asked; with one every package of rpm -qa is shown with its date, changes too', async () => {
    await reports.refresh()
    assert.throws(() => statSync(program.path), { code: 'ENOENT' })
    install('one')
    await reports.refresh()
    const host = await startHost(options)
    await host.pass(() => shown(host).length === 1, 5000)
    assert.deepEqual(shown(host), listed())
    const [row] = host.rows('hrSWInstalledTable')
    const seconds = Number(rpm('-q', '--queryformat', '%{INSTALLTIME}', 'castellan-one'))
    assert.equal((row!.hrSWInstalledDate as Date).getTime(), seconds * 1000)
    install('two')
    await reports.refresh()
    await host.pass(() => shown(host).length === 2, 5000)
    assert.deepEqual(shown(host), listed())
    rpm('-e', '--justdb', 'castellan-one')
    await reports.refresh()
    await host.pass(() => shown(host).length === 1, 5000)
    assert.deepEqual(shown(host), listed())
    assert.deepEqual(lines, [])
    await host.stop()
  })

  test('while nothing changes rpm is not started again', async () => {
    await reports.refresh()
    const hourAgo = Date.now() / 1000 - 3600
    utimesSync(program.path, hourAgo, hourAgo)
    const { ino, mtimeMs } = statSync(program.path)
    await reports.refresh()
    const later = statSync(program.path)
    assert.equal(later.ino, ino)
    assert.ok(later.mtimeMs > mtimeMs + 3_000_000, 'and the report is young all the same')
  })
})

/** Packages of machines without dpkg: what `rpm` prints, started in the daemon that may start programs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportedProgram } from '../../lib/program/program-report.ts'

/** A line each, sorted by nothing; the architecture of what is no program is `(none)`. */
const queryFormat = '%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{INSTALLTIME}\\n'
const sysimage = '/usr/lib/sysimage/rpm'
/** Of its three kinds of database: sqlite with its log, ndb, and Berkeley's of old. */
const databases = ['rpmdb.sqlite', 'rpmdb.sqlite-wal', 'Packages.db', 'Packages']

/** `folder` is the home's run folder, `database` where rpm keeps its own: where there is none, it is not asked. */
export function rpmProgram(
  folder: string,
  database: string = existsSync(sysimage) ? sysimage : '/var/lib/rpm',
): ReportedProgram {
  return {
    path: join(folder, 'rpm-packages'),
    program: 'rpm',
    args: ['--dbpath', database, '-qa', '--queryformat', queryFormat],
    everyMs: 60_000,
    limitMs: 30_000,
    reads: databases.map((name) => join(database, name)),
    unless: '/var/lib/dpkg/status',
  }
}

export interface RpmPackage {
  /** As `rpm -q` names it: name-version-release.architecture. */
  readonly title: string
  readonly type: 'operatingSystem' | 'application'
  readonly installedMs: number | undefined
}

/** Sorted by title; lines that are not of the form asked for are left out. */
export function parseRpmList(text: string): RpmPackage[] {
  const found: RpmPackage[] = []
  for (const line of text.split('\n')) {
    const [name = '', version, architecture, installed] = line.split('\t')
    if (name === '' || !version || !architecture) continue
    const seconds = Number(installed)
    found.push({
      title: architecture === '(none)' ? `${name}-${version}` : `${name}-${version}.${architecture}`,
      // rpm has no mark like dpkg's Essential; the kernel is what no machine is without.
      type: /^kernel(-core|-default)?$/.test(name) ? 'operatingSystem' : 'application',
      installedMs: seconds > 0 ? seconds * 1000 : undefined,
    })
  }
  return found.sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0))
}

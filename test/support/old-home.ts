/** A home as the version before made and left it: logs and PID files of all processes side by side. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { domains, type Home, homeRecordPath } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, type TestHome } from './appliance.ts'

/** What the version before left of a day's work, by path; a folder ends in a slash. */
const leftBehind: Readonly<Record<string, string>> = {
  'logs/agent.log': 'agent\n',
  'logs/agent.log.1796065307.gz': 'packed',
  'logs/agent.out': '',
  'logs/audit.log': 'audit\n',
  'logs/subagents.log': 'subagents\n',
  'logs/critapp/': '',
  'logs/critapp/sipd.out': 'said\n',
  'logs/error_log': 'error\n',
  'logs/error_log.1796065307': 'older\n',
  'logs/calls_log': 'calls\n',
  'logs/calls_log.1796065307.gz': 'packed',
  'logs/sipd.out': '',
  'logs/castellan.out': 'starter\n',
  'logs/recordings': 'an operator’s own\n',
  'run/agent.lock': '',
  'run/agent.pid': '1\n1\n["gone"]\n',
  'run/subagents.lock': '',
  'run/sipd.lock': '',
  'run/castellan.lock': '',
  'run/sshd.pid': '2\n2\n["gone"]\n',
  'run/rpm-packages': 'rows\n',
  'run/scripts/': '',
  'run/scripts/4711': '{}',
}

/** With two states that name files by their paths, and rows and directives as people had them. Nothing of it runs. */
export async function makeOldHome(): Promise<TestHome> {
  const at = await makeHome()
  const { home } = at
  for (const domain of domains) for (const area of ['logs', 'run'] as const) rmdirSync(join(home[area], domain))
  for (const [path, content] of Object.entries(leftBehind)) {
    if (path.endsWith('/')) mkdirSync(join(home.root, path))
    else writeFileSync(join(home.root, path), content, { mode: 0o600 })
  }
  const fill = (text: string): string =>
    text
      .replaceAll('HOME', home.root)
      .replaceAll('PORT', String(at.sipPort))
      .replaceAll('BIN', join(programRoot, 'bin'))
  for (const [name, path] of [
    ['logagt.cnf', 'conf/subagents/logagt.cnf'],
    ['sipd.conf', 'conf/sipd/sipd.conf'],
    ['log.json', 'data/subagents/log.json'],
    ['rotation.json', 'data/subagents/rotation.json'],
  ] as const)
    writeFileSync(join(home.root, path), fill(readFileSync(join(programRoot, 'test/fixtures/old-home', name), 'utf8')))
  const snmpd = join(home.conf, 'agent', 'snmpd.cnf')
  writeFileSync(snmpd, `${readFileSync(snmpd, 'utf8')}agentxListenEntry run/agentx.sock 600\n`)
  forgetLayout(home)
  return at
}

/** Puts the files and paths of a home that has run to where the version before had them. */
export function makeOld(home: Home): void {
  for (const domain of domains)
    for (const area of ['logs', 'run'] as const) {
      const folder = join(home[area], domain)
      for (const name of readdirSync(folder)) {
        if (name === 'sipd.ctl' || name.endsWith('.sock')) rmSync(join(folder, name))
        else renameSync(join(folder, name), join(home[area], name))
      }
      rmdirSync(folder)
    }
  // It had no backups.
  rmSync(join(home.data, 'subagents', 'backup'), { recursive: true, force: true })
  const folders = [join(home.conf, 'subagents'), join(home.data, 'subagents')]
  for (const path of folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(/\/(logs|run)\/(agent|subagents|sipd)\//g, '/$1/'))
  }
  forgetLayout(home)
}

function forgetLayout(home: Home): void {
  const { layout: _, ...record } = JSON.parse(readFileSync(homeRecordPath(home), 'utf8')) as { layout?: unknown }
  writeFileSync(homeRecordPath(home), `${JSON.stringify(record)}\n`)
}

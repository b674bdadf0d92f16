/** nsd with zones of a test's own, on a port of loopback: a real authoritative name server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './appliance.ts'
import { freePorts } from './sip-ports.ts'

export interface Nsd {
  readonly port: number
  stop(): Promise<void>
}

/** By zone, the lines of its records; SOA and NS come with it. */
export async function startNsd(zones: Readonly<Record<string, readonly string[]>>): Promise<Nsd> {
  const folder = mkdtempSync(join(tmpdir(), 'nsd-'))
  const port = await freePorts(1)
  const names = Object.keys(zones)
  for (const name of names) writeFileSync(join(folder, `${name}.zone`), zoneText(name, zones[name] ?? []))
  writeFileSync(
    join(folder, 'nsd.conf'),
    [
      'server:',
      `  ip-address: 127.0.0.1@${port}`,
      '  server-count: 1',
      '  username: ""',
      ...['zonesdir', 'pidfile', 'xfrdir'].map((what) => `  ${what}: "${folder}${what === 'pidfile' ? '/pid' : ''}"`),
      `  xfrdfile: "${folder}/xfrd.state"`,
      `  zonelistfile: "${folder}/zone.list"`,
      '  database: ""',
      'remote-control:',
      '  control-enable: no',
      ...names.flatMap((name) => ['zone:', `  name: "${name}"`, `  zonefile: "${name}.zone"`]),
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/nsd', ['-d', '-c', join(folder, 'nsd.conf')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await until(() => child.exitCode !== null || log.includes('nsd started'), 10_000, 'the start of nsd')
  if (child.exitCode !== null) throw new Error(`nsd does not start:\n${log}`)
  return {
    port,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function zoneText(name: string, records: readonly string[]): string {
  return [
    `$ORIGIN ${name}.`,
    '$TTL 60',
    '@ IN SOA ns hostmaster 1 3600 600 86400 60',
    '@ IN NS ns',
    'ns IN A 127.0.0.1',
    ...records,
    '',
  ].join('\n')
}

/** Kamailio in the place of sipd, as the peer against which the scenarios are proved. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'
import { until } from './appliance.ts'
import { exchange, openUdp, requestText, statusOf } from './sip-client.ts'
import { freePorts } from './sip-ports.ts'
import type { SipServer, SipServerOptions } from './sip-under-test.ts'

const configPath = join(programRoot, 'test', 'fixtures', 'sipp', 'kamailio.cfg')

export async function startKamailio(options: SipServerOptions): Promise<SipServer> {
  const { host = '127.0.0.1', digits = 5 } = options
  const folder = mkdtempSync(join(tmpdir(), 'kamailio-'))
  const port = await freePorts(2, { digits })
  const bracketed = host === '::1' ? '[::1]' : host
  const tlsConfig = join(folder, 'tls.cfg')
  if (options.tls) writeFileSync(tlsConfig, tlsText(options.tls))
  const words = [
    ...(options.recordRoute ? ['RECORD_ROUTE'] : []),
    ...(options.stateless ? ['STATELESS'] : []),
    ...(options.redirect ? ['REDIRECT'] : []),
    ...(options.recursive ? ['RECURSIVE'] : []),
    ...(options.tls ? ['WITH_TLS', `TLS_CONFIG="${tlsConfig}"`] : []),
    `NO_ANSWER_MS=${options.noAnswerMs ?? 60_000}`,
  ]
  const listen = [`udp:${bracketed}:${port}`, `tcp:${bracketed}:${port}`]
  if (options.tls) listen.push(`tls:${bracketed}:${port + 1}`)
  let log = ''
  let child: ChildProcess
  const start = async (): Promise<void> => {
    child = spawn(
      '/usr/sbin/kamailio',
      [
        ...['-f', configPath, '-DD', '-E', '-n', '2', '-N', '2', '-m', '64', '-x', 'tlsf', '-X', 'tlsf', '-Y', folder],
        ...words.flatMap((word) => ['-A', word]),
        ...listen.flatMap((one) => ['-l', one]),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
    )
    child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await until(() => child.exitCode !== null || isAnswering(host, port), 8000, "Kamailio's first answer")
    if (child.exitCode !== null) throw new Error(`Kamailio does not start:\n${log}`)
  }
  await start()
  return {
    name: 'kamailio',
    host,
    port,
    tlsPort: port + 1,
    address: `${bracketed}:${port}`,
    pid: () => child.pid!,
    start,
    graceful: async () => {}, // it has none: the flows run undisturbed, which is what they are to be proved by
    log: () => log,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function isAnswering(host: string, port: number): Promise<boolean> {
  const client = await openUdp({ host, port })
  try {
    return statusOf(await exchange(client, requestText('OPTIONS', 'sip:example.test', client), 300)) === 200
  } catch {
    return false
  } finally {
    client.close()
  }
}

function tlsText({ certificate, key, authority, mutual }: NonNullable<SipServerOptions['tls']>): string {
  const isRequired = mutual ? 'yes' : 'no'
  return `[server:default]
method = TLSv1.2+
private_key = ${key}
certificate = ${certificate}
ca_list = ${authority}
verify_certificate = ${isRequired}
require_certificate = ${isRequired}

[client:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
`
}

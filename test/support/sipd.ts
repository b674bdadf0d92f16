/** A sipd of a test's own: a home in a temporary folder, started and stopped by bin/sip as people do. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { runBin } from './appliance.ts'
import { freePorts } from './sip-ports.ts'
import type { SipServer, SipServerOptions } from './sip-under-test.ts'

export async function startSipd(options: SipServerOptions): Promise<SipServer> {
  const home = resolveHome(mkdtempSync(join(tmpdir(), 'castellan-sipd-')))
  const { host = '127.0.0.1', digits = 5 } = options
  const port = await freePorts(2, { digits })
  const address = host === '::1' ? `[::1]:${port}` : `${host}:${port}`
  mkdirSync(join(home.conf, 'sipd'), { recursive: true, mode: 0o700 })
  writeFileSync(join(home.conf, 'sipd', 'sipd.conf'), configText(options, address, port + 1), { mode: 0o600 })

  const sip = async (command: string): Promise<void> => {
    const { code, out, err } = await runBin('sip', [command, '--home', home.root])
    if (code !== 0) throw new Error(`sip ${command} ended with ${code}: ${out}${err}`)
  }
  const readLog = (): string => {
    try {
      return readFileSync(join(home.logs, 'sipd', 'error_log'), 'utf8')
    } catch {
      return '(nothing)'
    }
  }
  const start = async (): Promise<void> => {
    try {
      await sip('start')
    } catch (error) {
      await rm(home.root, { recursive: true, force: true })
      throw error
    }
  }
  await start()
  return {
    name: 'sipd',
    home: home.root,
    host,
    port,
    tlsPort: port + 1,
    address,
    pid: () => {
      const running = readPidFile(join(home.run, 'sipd', 'sipd.pid'))
      if (!running) throw new Error('sipd does not run')
      return running.pid
    },
    start,
    graceful: () => sip('graceful'),
    log: readLog,
    stop: async () => {
      await sip('stop')
      await rm(home.root, { recursive: true, force: true })
    },
  }
}

function configText(options: SipServerOptions, address: string, tlsPort: number): string {
  const { recordRoute = false, stateless = false, redirect = false, recursive = false, noAnswerMs = 60_000 } = options
  const onOff = (isOn: boolean): string => (isOn ? 'On' : 'Off')
  const lines = [
    `Listen ${address}`,
    'ProxyDomain example.test',
    `AddRecordRoute ${onOff(recordRoute)}`,
    `StatefulServer ${onOff(!stateless)}`,
    `ServerType ${redirect ? 'Redirect' : 'Proxy'}`,
    `Recursive ${onOff(recursive)}`,
    `SipT3InMs ${noAnswerMs}`,
    `StartServers ${options.workers ?? 1}`,
  ]
  if (options.tls) {
    lines.push(
      'SipTlsEnable On',
      `SipTlsPort ${tlsPort}`,
      `SipTlsCertificateFile ${options.tls.certificate}`,
      `SipTlsCertificateKeyFile ${options.tls.key}`,
      `SipTlsCACertificateFile ${options.tls.authority}`,
      `SipTlsMutualAuthentication ${onOff(options.tls.mutual)}`,
    )
  }
  return `${[...lines, ...(options.more ?? [])].join('\n')}\n`
}

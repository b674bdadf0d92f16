/** What directives of sipd.conf have to be together; each may be good alone. */

import { messageOf } from '../../lib/errors.ts'
import { compileLogFormat } from '../log/log-format.ts'
import { accessLogFormat } from './access-log-format.ts'
import type { Word } from './declare/lines.ts'
import type { Entry, Reader } from './declare/row.ts'
import type { DirectiveName, SipdConfig } from './directives.ts'

type Entries = ReadonlyMap<string, readonly Entry[]>

/** Where nothing is set but Port, sipd is not to be seen from outside. */
const ownAddress = '127.0.0.1'

/** Complains about what does not fit together; gives the record with Listen filled in. Every value is good by itself. */
export function checkTogether(config: SipdConfig, entries: Entries, reader: Reader): SipdConfig {
  const place = (...names: DirectiveName[]): Word | undefined =>
    names.flatMap((name) => entries.get(name) ?? []).map((entry) => entry.name)[0]
  // Whatever is wrong here was written, for the defaults fit together.
  const complain = (names: DirectiveName[], message: string): void => {
    const at = place(...names)
    if (at) reader.complain(at, message)
  }
  const warn = (names: DirectiveName[], message: string): void => {
    const at = place(...names)
    if (at) reader.warn(at, message)
  }

  const notAbove = (small: NumberName, large: NumberName, because: string): void => {
    if (config[small] > config[large])
      complain([small, large], `${small} (${config[small]}) is above ${large} (${config[large]}); ${because}`)
  }
  notAbove('RegistrarMinExpires', 'RegistrarMaxExpires', 'no registration could be taken')
  notAbove('RegistrarDefaultExpires', 'RegistrarMaxExpires', 'the default would be cut')
  notAbove('SipT1InMs', 'SipT2InMs', 'retransmissions begin with T1 and slow down to T2')
  notAbove('SipT3InMs', 'SipMaxT3InMs', 'the default would be cut')

  if (config.Cisco_Registry_Max_DB_Age_on_Boot < config.RegistrarMaxExpires) {
    warn(
      ['Cisco_Registry_Max_DB_Age_on_Boot', 'RegistrarMaxExpires'],
      'Cisco_Registry_Max_DB_Age_on_Boot is below RegistrarMaxExpires: a long stop loses registrations that still count',
    )
  }
  if (config.ProxyAddressResolutionType === 'SRV' && config.ProxyDomain === undefined)
    complain(['ProxyAddressResolutionType'], 'ProxyAddressResolutionType SRV needs ProxyDomain')

  checkTls(config, complain)
  checkVirtualHosts(config, entries, reader)
  const { format } = config.CustomLog
  if (!format.includes('%') && !config.LogFormat.some(({ nickname }) => nickname === format))
    complain(['CustomLog'], `CustomLog names the format ${format}, which no LogFormat gives`)
  checkFormats(config, entries, reader)

  if (config.Listen.length > 0) {
    warn(['Port'], 'Port counts only where there is no Listen')
    return config
  }
  warn(['Port'], `Port without Listen serves ${ownAddress} only; Listen ${config.Port} would serve every address`)
  return Object.freeze({
    ...config,
    Listen: Object.freeze([Object.freeze({ address: ownAddress, port: config.Port })]),
  })
}

type NumberName = { [N in DirectiveName]: SipdConfig[N] extends number ? N : never }[DirectiveName]

function checkTls(config: SipdConfig, complain: (names: DirectiveName[], message: string) => void): void {
  if (!config.SipTlsEnable) return
  for (const name of ['SipTlsCertificateFile', 'SipTlsCertificateKeyFile'] as const) {
    if (config[name] === undefined) complain(['SipTlsEnable'], `SipTlsEnable On needs ${name}`)
  }
  if (config.SipTlsMutualAuthentication && config.SipTlsCACertificateFile === undefined)
    complain(['SipTlsMutualAuthentication'], 'SipTlsMutualAuthentication On needs SipTlsCACertificateFile')
  if (config.Listen.some(({ port }) => port === config.SipTlsPort))
    complain(['SipTlsPort', 'SipTlsEnable'], `SipTlsPort ${config.SipTlsPort} is a port of Listen too`)
}

/** A format that no log has costs no start. */
function checkFormats(config: SipdConfig, entries: Entries, reader: Reader): void {
  const inUse = accessLogFormat(config)
  const formats = entries.get('LogFormat') ?? []
  for (const { name, args } of formats) {
    const format = args[0]?.text ?? ''
    const mistake = formatMistake(format)
    if (mistake === undefined) continue
    if (format === inUse) reader.complain(name, `LogFormat: ${mistake}`)
    else reader.warn(name, `LogFormat: ${mistake}`)
  }
  const at = entries.get('CustomLog')?.[0]?.name
  const mistake = formatMistake(inUse)
  if (at && mistake !== undefined && !formats.some(({ args }) => args[0]?.text === inUse))
    reader.complain(at, `CustomLog: ${mistake}`)
}

function formatMistake(format: string): string | undefined {
  try {
    compileLogFormat(format, { serverName: '' })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** A virtual host is to be another than the actual one. */
function checkVirtualHosts(config: SipdConfig, entries: Entries, reader: Reader): void {
  for (const [i, host] of config.VirtualProxyHost.entries()) {
    const at = entries.get('VirtualProxyHost')![i]!.name
    if (host.Virtual_Proxy_Domain === config.ProxyDomain)
      reader.complain(at, `Virtual_Proxy_Domain ${config.ProxyDomain} is ProxyDomain itself`)
    if (host.Virtual_Proxy_Server_Name !== undefined && host.Virtual_Proxy_Server_Name === config.ServerName)
      reader.complain(at, `Virtual_Proxy_Server_Name ${config.ServerName} is ServerName itself`)
  }
}

/** traprcv: prints notifications as they come, and acknowledges informs. */
import { join } from 'node:path'
import { declaredNames } from '../../catalogue.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, type ExitCode, exitCodes, UsageError } from '../../lib/cli/exit-codes.ts'
import { json, textOr, type ValuesOf } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { type Program, runProgram } from '../../lib/cli/program.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import { describePortOwner } from '../../lib/proc/port-owner.ts'
import { formatOid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { engineIdToStart, isLatched, startIdentity } from '../../snmp/engine/engine-identity.ts'
import { notificationOf } from '../../snmp/manager/messages.ts'
import { NotificationReceiver, type ReceivedMessage, type V3Receiving } from '../../snmp/manager/receiver.ts'
import { securityOptions, v3Security } from './security.ts'
import { formatVarbind, varbindJson } from './varbind.ts'

const options = {
  ...securityOptions,
  address: textOr('--address <address>', 'where to listen', '127.0.0.1'),
  json,
}

const command = defineCommand({
  name: 'traprcv',
  operands: '[port]',
  usage: '[--address ADDRESS] [--json] [-u USER [-l LEVEL] [-a SHA-256] [-x AES]] [PORT]',
  summary: 'print every notification that arrives; PORT is 162 where none is given',
  details: `Informs are acknowledged. With -u it also takes those of version 3, of this user, at no other level; its passphrases come from --passphrase-file, CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE, or a terminal. Of informs the receiver is the authoritative engine: its engineID is kept in the home (--home), and printed at the start.`,
  example: 'traprcv 1162',
  exitCodes: { 0: 'it was ended by a signal', 1: 'it cannot listen there' },
  options,
  async run({ home, operands: [portText = '162'], options }) {
    const port = Number(portText)
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new UsageError(`expected a port within 0..65535, got ${portText}`)
    const v3 = options.user === undefined ? undefined : await v3Receiving(home, options)
    await receive(port, options, v3)
    return exitCodes.ok
  },
})

export const traprcvProgram: Program = { name: 'traprcv', summary: command.summary, commands: command }

export function traprcv(args: readonly string[]): Promise<ExitCode> {
  return runProgram(traprcvProgram, args)
}

async function v3Receiving(home: Home, values: ValuesOf<typeof options>): Promise<V3Receiving> {
  const path = join(home.data, 'traprcv', 'engine.json')
  const identity = await startIdentity(path, systemClock, await engineIdToStart(path))
  if ('retry' in identity) throw identity.reason
  if (isLatched(identity))
    process.stderr.write('traprcv: snmpEngineBoots is at its end; no inform with authentication is taken any more\n')
  const { credentials } = await v3Security(values)
  process.stderr.write(`traprcv: engineID ${Buffer.from(identity.engineId).toString('hex')}\n`)
  return { identity, users: [credentials] }
}

/** Until a signal ends it. */
async function receive(
  port: number,
  { address: host, json: isJson }: ValuesOf<typeof options>,
  v3: V3Receiving | undefined,
): Promise<void> {
  const receiver = new NotificationReceiver({ host, ...(v3 ? { v3 } : {}) })
  receiver.onNotification = (message, { address }) => {
    if (isJson) printJson(asJson(message, address))
    else print(asText(message, address))
  }
  receiver.onUnreadable = (error, octets, { address, port: from }) =>
    process.stderr.write(
      `traprcv: ${hostAndPort(address, from)} sent ${octets} octets that cannot be decoded: ${error.message}\n`,
    )
  const bound = await receiver.start(host, port).catch((error: unknown) => {
    const owner = describePortOwner('udp', port)
    const holder = owner ? `; held by ${owner}` : ''
    throw new CommandFailure(`traprcv: udp ${hostAndPort(host, port)}: ${messageOf(error)}${holder}`)
  })
  process.stderr.write(`traprcv: waiting on ${hostAndPort(host, bound)}\n`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  receiver.stop()
}

function asText({ version, pdu }: ReceivedMessage, from: string): string {
  const notification = notificationOf(pdu)
  const title = notification ? declaredNames.format(notification.trapOid) : 'a message without a notification in it'
  const { agentAddress = from } = pdu.trapV1 ?? {}
  // Who sent it on is not whom it is about.
  const agent = agentAddress === from ? '' : ` (agent-addr ${agentAddress})`
  const lines = (notification?.varbinds ?? pdu.varbinds).map((varbind) => `    ${formatVarbind(varbind)}`)
  return [
    `${new Date().toISOString()} ${from} ${version} ${pdu.type === 'informRequest' ? 'inform' : 'trap'} ${title}${agent}`,
    ...lines,
    '',
  ].join('\n')
}

function asJson({ version, level, securityName, pdu }: ReceivedMessage, from: string): object {
  const notification = notificationOf(pdu)
  return {
    time: new Date().toISOString(),
    from,
    version,
    type: pdu.type === 'informRequest' ? 'inform' : 'trap',
    ...(version === 'v3' ? { user: securityName, level } : {}),
    ...(pdu.trapV1 ? { agentAddress: pdu.trapV1.agentAddress } : {}),
    notification: notification && declaredNames.format(notification.trapOid),
    oid: notification && formatOid(notification.trapOid),
    upTimeTicks: notification?.upTimeTicks,
    varbinds: (notification?.varbinds ?? pdu.varbinds).map(varbindJson),
  }
}

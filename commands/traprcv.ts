/** traprcv: prints notifications as they come, and acknowledges informs. */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { declaredNames } from '../catalogue.ts'
import { messageOf } from '../lib/errors.ts'
import { resolveHome } from '../lib/home/home.ts'
import { hostAndPort } from '../lib/net/address.ts'
import { describePortOwner } from '../lib/proc/port-owner.ts'
import { formatOid } from '../lib/smi/oid.ts'
import { jsonText } from '../lib/text/escape.ts'
import { systemClock } from '../lib/time/clock.ts'
import { programVersion } from '../lib/version.ts'
import { isLatched, startIdentity } from '../snmp/engine-identity.ts'
import { notificationOf } from '../snmp/manager/messages.ts'
import { NotificationReceiver, type ReceivedMessage, type V3Receiving } from '../snmp/manager/receiver.ts'
import { v3Options, v3Security } from './snmp-security.ts'
import { formatVarbind, toJson } from './snmp-tools.ts'

const usage = `usage: traprcv [--address ADDRESS] [--json] [-u USER [-l LEVEL] [-a SHA-256] [-x AES]] [PORT]

  Prints every notification that arrives; PORT is 162 where none is given, ADDRESS 127.0.0.1.
  Informs are acknowledged. With -u it also takes those of version 3, of this user, at no other level; its passphrases
  come from --passphrase-file, CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE, or a terminal. Of informs
  the receiver is the authoritative engine: its engineID is kept in the home (--home), and printed at the start.
`

export async function traprcv(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`traprcv: ${messageOf(error)}\n${usage}`)
    return 2
  }
  const { values, positionals } = parsed
  if (values.help || values.version) {
    process.stdout.write(values.help ? usage : `traprcv ${programVersion()}\n`)
    return 0
  }
  const port = Number(positionals[0] ?? 162)
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535) || positionals.length > 1) {
    process.stderr.write(usage)
    return 2
  }
  let v3: V3Receiving | undefined
  try {
    if (values.user !== undefined) {
      const identity = await startIdentity(join(resolveHome(values.home).data, 'traprcv', 'engine.json'), systemClock)
      if ('retry' in identity) throw identity.reason
      if (isLatched(identity))
        process.stderr.write(
          'traprcv: snmpEngineBoots is at its end; no inform with authentication is taken any more\n',
        )
      v3 = { identity, users: [(await v3Security(values)).credentials] }
      process.stderr.write(`traprcv: engineID ${Buffer.from(identity.engineId).toString('hex')}\n`)
    }
  } catch (error) {
    process.stderr.write(`traprcv: ${messageOf(error)}\n`)
    return 2
  }
  const receiver = new NotificationReceiver({ host: values.address, ...(v3 ? { v3 } : {}) })
  receiver.onNotification = (message, { address }) => {
    process.stdout.write(values.json ? `${jsonText(asJson(message, address))}\n` : asText(message, address))
  }
  receiver.onUnreadable = (error, octets, { address, port: from }) =>
    process.stderr.write(
      `traprcv: ${hostAndPort(address, from)} sent ${octets} octets that cannot be decoded: ${error.message}\n`,
    )
  try {
    const bound = await receiver.start(values.address, port)
    process.stderr.write(`traprcv: waiting on ${hostAndPort(values.address, bound)}\n`)
  } catch (error) {
    const owner = describePortOwner('udp', port)
    process.stderr.write(
      `traprcv: udp ${hostAndPort(values.address, port)}: ${messageOf(error)}${owner ? `; held by ${owner}` : ''}\n`,
    )
    return 1
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  receiver.stop()
  return 0
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...v3Options,
      home: { type: 'string' },
      address: { type: 'string', default: '127.0.0.1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
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
    varbinds: (notification?.varbinds ?? pdu.varbinds).map(toJson),
  }
}

/** traprcv: prints notifications as they come, and acknowledges informs. */
import { parseArgs } from 'node:util'
import { type IncomingMessage, notificationOf } from '../agent/manager/messages.ts'
import { NotificationReceiver } from '../agent/manager/receiver.ts'
import { describePortOwner } from '../lib/port-owner.ts'
import { formatOid } from '../lib/smi/oid.ts'
import { declaredNames } from './declared-names.ts'
import { formatVarbind, toJson } from './snmp-tools.ts'
import { programVersion } from './version.ts'

const usage = `usage: traprcv [--address ADDRESS] [--json] [PORT]

  Prints every notification that arrives; PORT is 162 where none is given, ADDRESS 127.0.0.1.
`

export async function traprcv(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`traprcv: ${(error as Error).message}\n${usage}`)
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
  const receiver = new NotificationReceiver()
  receiver.onNotification = (message, { address }) => {
    process.stdout.write(values.json ? `${JSON.stringify(asJson(message, address))}\n` : asText(message, address))
  }
  try {
    const bound = await receiver.start(values.address, port)
    process.stderr.write(`traprcv: waiting on ${values.address}:${bound}\n`)
  } catch (error) {
    const owner = describePortOwner('udp', port)
    process.stderr.write(
      `traprcv: udp ${values.address}:${port}: ${(error as Error).message}${owner ? `; held by ${owner}` : ''}\n`,
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
      address: { type: 'string', default: '127.0.0.1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
}

function asText(message: IncomingMessage, from: string): string {
  const notification = notificationOf(message)
  const title = notification ? declaredNames.format(notification.trapOid) : 'a message without a notification in it'
  const lines = (notification?.varbinds ?? message.varbinds).map((varbind) => `    ${formatVarbind(varbind)}`)
  return [`${new Date().toISOString()} ${from} ${message.version} ${title}`, ...lines, ''].join('\n')
}

function asJson(message: IncomingMessage, from: string): object {
  const notification = notificationOf(message)
  return {
    time: new Date().toISOString(),
    from,
    version: message.version,
    notification: notification && declaredNames.format(notification.trapOid),
    oid: notification && formatOid(notification.trapOid),
    upTimeTicks: notification?.upTimeTicks,
    varbinds: (notification?.varbinds ?? message.varbinds).map(toJson),
  }
}

/** What this agent and its subagents notify: a line in the log, an entry of NOTIFICATION-LOG-MIB, and a message to the targets. */

import type { Log } from '../lib/log/log.ts'
import type { Notification } from '../lib/mib/declare.ts'
import type { Names } from '../lib/mib/names.ts'
import { varbindsOf } from '../lib/mib/notification.ts'
import { isText, textVarbind } from '../lib/mib/notification-text.ts'
import type { AnyRow } from '../lib/mib/served.ts'
import type { Oid } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { NotificationMessage } from '../snmp/notification.ts'
import type { NotificationLog } from './internal/notification-log.ts'
import type { Originator } from './notify/originator.ts'
import type { TrustDomain } from './trust/trust.ts'

export interface NotificationsOptions {
  readonly clock: Clock
  readonly log: Log
  /** For what subagents notify, who may do so as often as they like. */
  readonly limitedLog: Log
  readonly names: Names
  readonly upTimeTicks: () => number
  readonly notificationLog: NotificationLog
  readonly originator: Originator
}

export class Notifications {
  readonly #options: NotificationsOptions

  constructor(options: NotificationsOptions) {
    this.#options = options
  }

  /** One of a module of ours; `index` names the row that the values belong to. */
  notify(notification: Notification, index: AnyRow, values: AnyRow, sentence: string): void {
    this.send(notification.oid, varbindsOf(notification, index, values), sentence)
  }

  send(trapOid: Oid, varbinds: readonly Varbind[], sentence: string): void {
    const { clock, log, names, notificationLog, originator, upTimeTicks } = this.#options
    log.notice('notification', { name: names.format(trapOid), sentence })
    const message = { trapOid, upTimeTicks: upTimeTicks(), varbinds }
    const text = textVarbind(sentence)
    notificationLog.add({ ...message, varbinds: [...message.varbinds, text] }, clock)
    originator.send({ ...message, text })
  }

  /** What a subagent notifies goes out as ours does; a sentence at its end is ours to leave out where it may not be seen. */
  forward({ trapOid, upTimeTicks, varbinds }: NotificationMessage, { name: socket }: TrustDomain): void {
    const { clock, limitedLog, names, notificationLog, originator } = this.#options
    const last = varbinds.at(-1)
    limitedLog.notice('notification of a subagent', { name: names.format(trapOid), socket })
    notificationLog.add({ trapOid, upTimeTicks, varbinds }, clock, socket)
    const isForeign = socket === 'others'
    if (!last || !isText(last)) originator.send({ trapOid, upTimeTicks, varbinds, isForeign })
    else originator.send({ trapOid, upTimeTicks, varbinds: varbinds.slice(0, -1), text: last, isForeign })
  }
}

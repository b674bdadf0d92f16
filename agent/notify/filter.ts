/** Notification filters, RFC 3413 §6: what a filter says of a notification and of the objects in it. */
import type { View } from '../../lib/mib/view.ts'
import type { NotificationMessage } from '../../snmp/notification.ts'

/** The notification itself must be let in by name; of its objects none may be kept out. */
export function passesFilter(filter: View, { trapOid, varbinds }: NotificationMessage): boolean {
  return filter.includes(trapOid) && varbinds.every(({ name }) => filter.familyOf(name)?.included ?? true)
}

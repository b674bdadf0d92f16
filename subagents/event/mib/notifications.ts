/** The notifications of DISMAN-EVENT-MIB and the objects that only they carry. */
import { column, defineNotification, defineScalars } from '../../../lib/mib/declare.ts'
import { enumeration, integer32, objectIdentifier, text } from '../../../lib/mib/syntax.ts'
import { errorStatusNumber } from '../../../lib/smi/error-status.ts'
import { mteNotificationsArc } from './syntax.ts'

const maybe = { presence: 'maybe' } as const
const notify = 'accessible-for-notify'

/** FailureReason: what goes wrong before there is an answer, then the error-status values of SNMP. */
const failureReason = () =>
  enumeration(
    {
      localResourceLack: -1,
      badDestination: -2,
      destinationUnreachable: -3,
      noResponse: -4,
      badType: -5,
      sampleOverrun: -6,
      ...errorStatusNumber,
    },
    'FailureReason',
  )

export const mteHotObjects = defineScalars({
  name: 'dismanEventMIBNotificationObjects',
  oid: `${mteNotificationsArc}.1`,
  objects: {
    mteHotTrigger: column(1, text(0, 255), notify, maybe),
    mteHotTargetName: column(2, text(0, 255), notify, maybe),
    mteHotContextName: column(3, text(0, 255), notify, maybe),
    mteHotOID: column(4, objectIdentifier(), notify, maybe),
    mteHotValue: column(5, integer32(), notify, maybe),
    mteFailedReason: column(6, failureReason(), notify, maybe),
  },
})

const { mteHotTrigger, mteHotTargetName, mteHotContextName, mteHotOID, mteHotValue, mteFailedReason } =
  mteHotObjects.columns
const hot = { mteHotTrigger, mteHotTargetName, mteHotContextName, mteHotOID }
const fired = { ...hot, mteHotValue }
const failed = { ...hot, mteFailedReason }
const at = (number: number): string => `${mteNotificationsArc}.0.${number}`

export const mteTriggerFired = defineNotification({ name: 'mteTriggerFired', oid: at(1), objects: fired })
export const mteTriggerRising = defineNotification({ name: 'mteTriggerRising', oid: at(2), objects: fired })
export const mteTriggerFalling = defineNotification({ name: 'mteTriggerFalling', oid: at(3), objects: fired })
export const mteTriggerFailure = defineNotification({ name: 'mteTriggerFailure', oid: at(4), objects: failed })
export const mteEventSetFailure = defineNotification({ name: 'mteEventSetFailure', oid: at(5), objects: failed })

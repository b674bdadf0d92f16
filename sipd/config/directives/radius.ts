/** Server-core directives of RADIUS: how often its servers are asked. */
import { one } from '../declare/directive.ts'
import { onOff, whole } from '../declare/kinds.ts'

const inForce = 'RADIUS is to come'

export const radius = {
  RadiusUserNameAttrAddDomain: one(onOff, 'On', {
    help: 'Send user@domain as UserName, for domains of this server.',
    changes: 'reload',
    inForce,
  }),
  RadiusRetransmissionInterval: one(whole(1, 60_000, 'ms'), '2000', {
    help: 'The time between two requests to a server that does not answer.',
    changes: 'reload',
    inForce,
  }),
  RadiusRetransmissionCount: one(whole(0, 100), '2', {
    help: 'How often a request is sent again before the server counts as unreachable.',
    changes: 'reload',
    inForce,
  }),
  RadiusRetransmissionAfterFailure: one(whole(0, 100), '0', {
    help: 'How often it is sent again when the one before had no answer at all.',
    changes: 'reload',
    inForce,
  }),
  RadiusRetryTime: one(whole(1, 86_400, 's'), '300', {
    help: 'The time until a primary server that was unreachable is tried again.',
    changes: 'reload',
    inForce,
  }),
} as const

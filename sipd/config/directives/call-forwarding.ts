/** The directives of call forwarding for subscribers. */
import { one } from '../declare/directive.ts'
import { oneOf, onOff, whole } from '../declare/kinds.ts'

const inForce = 'call forwarding is not implemented yet; it needs the subscriber table'

export const callForwarding = {
  CallForwardUnconditional: one(onOff, 'Off', { help: 'Forward all calls.', changes: 'reload', inForce }),
  CallForwardNoAnswer: one(onOff, 'Off', {
    help: 'Forward calls that are not answered in time.',
    changes: 'reload',
    inForce,
  }),
  CallForwardBusy: one(onOff, 'Off', { help: 'Forward calls that get 486 Busy Here.', changes: 'reload', inForce }),
  CallForwardUnavailable: one(onOff, 'Off', {
    help: 'Forward calls to a user who is not registered or does not respond.',
    changes: 'reload',
    inForce,
  }),
  CallForwardNoAnswerTimer: one(whole(1, 3_600_000, 'ms'), '24000', {
    help: 'How long a call rings before CallForwardNoAnswer applies.',
    changes: 'reload',
    inForce,
  }),
  CallForwardUnavailableTimer: one(whole(1, 3_600_000, 'ms'), '24000', {
    help: 'How long to wait for any response before CallForwardUnavailable applies.',
    changes: 'reload',
    inForce,
  }),
  AddDiversionHeader: one(onOff, 'On', {
    help: 'Add a header that names the user who forwarded the call.',
    changes: 'reload',
    inForce,
  }),
  DiversionHeaderName: one(oneOf(['Diversion', 'CC-Diversion', 'CC-Redirect']), 'Diversion', {
    help: 'The name of the header that AddDiversionHeader adds.',
    changes: 'reload',
    inForce,
  }),
} as const

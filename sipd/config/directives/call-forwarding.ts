/** The directives of call forwarding for subscribers. */
import { one } from '../declare/directive.ts'
import { oneOf, onOff, whole } from '../declare/kinds.ts'

const inForce = 'call forwarding is to come with the subscriber table'

export const callForwarding = {
  CallForwardUnconditional: one(onOff, 'Off', { help: 'Forward all calls.', changes: 'reload', inForce }),
  CallForwardNoAnswer: one(onOff, 'Off', { help: 'Forward calls that nobody answers.', changes: 'reload', inForce }),
  CallForwardBusy: one(onOff, 'Off', { help: 'Forward calls that get 486.', changes: 'reload', inForce }),
  CallForwardUnavailable: one(onOff, 'Off', {
    help: 'Forward calls to who is not registered, or does not respond.',
    changes: 'reload',
    inForce,
  }),
  CallForwardNoAnswerTimer: one(whole(1, 3_600_000, 'ms'), '24000', {
    help: 'How long nobody answers.',
    changes: 'reload',
    inForce,
  }),
  CallForwardUnavailableTimer: one(whole(1, 3_600_000, 'ms'), '24000', {
    help: 'How long who is called does not respond.',
    changes: 'reload',
    inForce,
  }),
  AddDiversionHeader: one(onOff, 'On', {
    help: 'Say in forwarded calls who forwarded them.',
    changes: 'reload',
    inForce,
  }),
  DiversionHeaderName: one(oneOf(['Diversion', 'CC-Diversion', 'CC-Redirect']), 'Diversion', {
    help: 'The header that says it.',
    changes: 'reload',
    inForce,
  }),
} as const

/** Caller preferences (RFC 3841, UseCallerPreferences): they choose among the phones of a user. */
import { callerPreferences, preferredTargets } from '../preferences/caller-preferences.ts'
import type { RoutedRequest } from './request.ts'
import type { Step } from './step.ts'

export const prefer: Step<RoutedRequest> = (routed) => {
  const preferences = callerPreferences(routed.request)
  if (!preferences || !routed.targets) return 'goOn'
  const targets = preferredTargets(routed.targets, preferences)
  routed.targets = targets
  routed.disposition = preferences.disposition
  // RFC 3841 §7.2.4: nobody is left whom the caller wants.
  return targets.length > 0 ? 'goOn' : { status: 480, detail: 'no contact suits Accept-Contact and Reject-Contact' }
}

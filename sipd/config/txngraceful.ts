/** What `sip txngraceful-restart` may ask for; the command and the sipd that takes it have to agree. */

/** The longest that open transactions are waited for. */
export const longestWaitSeconds = 3600

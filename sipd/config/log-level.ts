/** LogLevel of sipd.conf as a level of the log. */
import type { LogLevel } from '../../lib/log.ts'
import type { SipdConfig } from './directives.ts'

/** Nothing is told above error here, so that the three above it let errors through. */
export function logLevelOf(level: SipdConfig['LogLevel']): LogLevel {
  return level === 'emerg' || level === 'alert' || level === 'crit' ? 'error' : level
}

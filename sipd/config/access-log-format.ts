/** The format of the access log, with the nickname of CustomLog looked up. */
import type { SipdConfig } from './directives.ts'

/** The text of the format, such as `%h %l %u %t "%r" %>s %b`. A nickname goes before a text with a percent sign in it. */
export function accessLogFormat({ CustomLog, LogFormat }: Pick<SipdConfig, 'CustomLog' | 'LogFormat'>): string {
  return LogFormat.find(({ nickname }) => nickname === CustomLog.format)?.format ?? CustomLog.format
}

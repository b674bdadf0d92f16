/** What is different in a home that is installed: it is to be reached from elsewhere, so nobody may know how to ask. */

import { readFileSync } from 'node:fs'
import { fieldsOf } from '../text/fields.ts'

/** Where the file system's standard (FHS 3.0) has what is installed. A checkout, even root's, is elsewhere. */
const systemFolders = ['/etc/', '/opt/', '/srv/', '/usr/', '/var/lib/']

/** Whether a home is made as an installed one when nobody says. */
export function isInstalledPath(root: string): boolean {
  return systemFolders.some((folder) => root.startsWith(folder))
}

/** As its record says how it was made; by its path where that says nothing. */
export function isInstalledHome({ root }: { readonly root: string }, recordPath: string): boolean {
  try {
    const { isInstalled } = fieldsOf(JSON.parse(readFileSync(recordPath, 'utf8')))
    if (typeof isInstalled === 'boolean') return isInstalled
  } catch {
    // A record that is missing or broken has a complaint of its own.
  }
  return isInstalledPath(root)
}

/** Communities, who they are, and the targets that are notified with them. */
const ofCommunities =
  /^(?=snmpCommunityEntry |vacmSecurityToGroupEntry snmpv(?:1|2c) |snmpNotifyEntry |snmpTargetAddrEntry |snmpTargetParamsEntry )/gm

/** snmpd.cnf without anything that works for who knows a default: such lines become comments, to be put in force with other names. */
export function withoutCommunities(text: string): string {
  return text.replace(ofCommunities, '# ')
}

/** What is wrong with the console's files, as it would read them on a start. */
import type { Complaint } from '../lib/cnf/complaint.ts'
import type { Home } from '../lib/home/home.ts'
import { checkAlertConfig } from './alerts/config.ts'
import { checkConsoleConfig } from './config.ts'
import { checkHistoryConfig } from './history/config.ts'

export async function checkConsole(home: Home): Promise<readonly Complaint[]> {
  return [...(await checkConsoleConfig(home)), ...(await checkHistoryConfig(home)), ...(await checkAlertConfig(home))]
}

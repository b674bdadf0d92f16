/** Where the files of a home from before each process had folders of its own belong now. */
import { type Domain, domains } from '../home/home.ts'

/** The parents in which all processes once kept their files side by side. */
export type Area = 'logs' | 'run'

const oldLogs: Readonly<Record<Domain, readonly string[]>> = {
  agent: ['agent.log', 'agent.out', 'audit.log'],
  subagents: ['subagents.log', 'subagents.out', 'critapp'],
  sipd: ['error_log', 'access_log', 'stats_log', 'sharedmem_stats_log', 'sipd.out'],
  console: [],
}

/** What ended with the process that had made it: locks, sockets, and PID files of our own daemons. */
const ended = /^((agent|subagents|sipd)\.(pid|lock|ctl|control)|agentx\.sock)$/
const ofSubagents = /^(scripts$|rpm-packages|neighbours6|.+\.pid$)/

/** Whose a file of an old home is, by its name; undefined for what stays where it is. `sipdLogs` are further logs of sipd.conf. */
export function domainOf(area: Area, name: string, sipdLogs: ReadonlySet<string>): Domain | undefined {
  if (area === 'run') {
    if (name === 'agentx.sock') return 'agent'
    if (name.startsWith('castellan.')) return undefined
    const [, daemon] = ended.exec(name)?.slice(1) ?? []
    const domain = domains.find((one) => one === daemon)
    if (domain) return domain
    return ofSubagents.test(name) ? 'subagents' : undefined
  }
  // Rotated ones have the name of the live one, and more behind a dot.
  const isOf = (one: string): boolean => name === one || name.startsWith(`${one}.`)
  if ([...sipdLogs].some(isOf)) return 'sipd'
  return domains.find((domain) => oldLogs[domain].some(isOf))
}

/** It is of no use to the next process, and goes. */
export function hasEnded(area: Area, name: string): boolean {
  return area === 'run' && ended.test(name)
}

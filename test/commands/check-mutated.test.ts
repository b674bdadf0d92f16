/** Files with a mistake in one line: what check calls good starts, and what a start refuses has a complaint with its place. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Complaint, ConfigurationError, formatComplaint, isWarning } from '../../lib/cnf/complaint.ts'
import type { Home } from '../../lib/home/home.ts'
import { agentOf, newHome, subagentsOf } from '../support/check-home.ts'
import { randomFrom } from '../support/mutate.ts'
import { mutateLine } from '../support/mutate-lines.ts'

interface Daemon {
  check(): Promise<readonly Complaint[]>
  start(): Promise<void>
  stop(): Promise<void>
}

let home: Home
before(async () => {
  home = await newHome()
  // An address and a port that nobody else has, and programs that do nothing.
  edit('agent/snmpd.cnf', (text) => text.replace(/^snmpListenEntry .*$/m, 'snmpListenEntry 127.77.0.1:0'))
  edit(
    'agent/snmpd.cnf',
    (text) => `${text}agentxListenEntry run/agent/agentx.sock 600\nagentxListenEntry tcp:127.77.0.1:0\n`,
  )
  edit(
    'agent/schedule.cnf',
    (text) => `${text}schedEntry me s - 60 - - - - - - siLogPollNow.1 1 periodic enabled nonVolatile\n`,
  )
  edit('subagents/critagt.cnf', (text) =>
    text
      .replace(/"[^"]*bin\/sip [^"]*"/g, '/bin/true')
      .replace('up true 300', 'down true 300')
      .replace('- sip -', '- none -'),
  )
  edit('subagents/scripts.cnf', (text) => text.replace(/"[^"]*bin\/sip [^"]*"/g, '"/bin/true x"'))
})
after(() => rm(home.root, { recursive: true, force: true }))

function edit(file: string, change: (text: string) => string): void {
  const path = join(home.conf, file)
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

const files: readonly (readonly [file: string, times: number, daemonOf: (home: Home) => Daemon])[] = [
  ['agent/snmpd.cnf', 60, (one) => agentOf(one, true)],
  ['agent/eventagt.cnf', 40, (one) => agentOf(one, true)],
  ['agent/schedule.cnf', 20, (one) => agentOf(one, true)],
  ['subagents/critagt.cnf', 30, subagentsOf],
  ['subagents/logagt.cnf', 30, subagentsOf],
  ['subagents/scripts.cnf', 20, subagentsOf],
]

for (const [file, times, daemonOf] of files)
  test(`${times} mistakes in ${basename(file)}`, async () => {
    const path = join(home.conf, file)
    const good = readFileSync(path, 'utf8')
    const random = randomFrom(20_261_130 + file.length)
    const found = { good: 0, warned: 0, refused: 0 }
    try {
      for (let i = 0; i < times; i++) {
        const { text, line } = mutateLine(good, random)
        writeFileSync(path, text)
        const what = `mistake ${i} in line ${line} of ${file}: ${text.split('\n')[line - 1]}`
        const outcome = await compare(daemonOf(home), daemonOf(home), text, what)
        found[outcome]++
      }
    } finally {
      writeFileSync(path, good)
    }
    // A mutator that breaks everything, or nothing, would prove little.
    assert.ok(found.refused > 0 && found.refused < times, JSON.stringify(found))
  })

async function compare(
  checker: Daemon,
  daemon: Daemon,
  text: string,
  what: string,
): Promise<'good' | 'warned' | 'refused'> {
  const complaints = await checker.check()
  const lines = text.split('\n')
  for (const complaint of complaints) {
    const width = lines[complaint.line - 1]?.length ?? -1
    assert.ok(
      complaint.column >= 1 && complaint.column <= width + 1,
      `${formatComplaint(complaint)} is nowhere: ${what}`,
    )
  }
  const errors = complaints.filter((complaint) => !isWarning(complaint))
  const refusal = await daemon.start().then(
    () => undefined,
    (error: unknown) => error,
  )
  await daemon.stop()
  if (errors.length > 0) {
    assert.ok(refusal instanceof ConfigurationError, `started: ${what}`)
    assert.deepEqual(refusal.complaints, errors, what)
    return 'refused'
  }
  // Such as an address that no interface has: legal, and named.
  if (refusal !== undefined) assert.ok(complaints.length > 0, `${String(refusal)} and no complaint: ${what}`)
  return complaints.length > 0 ? 'warned' : 'good'
}

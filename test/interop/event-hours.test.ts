import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Agent } from '../../agent/agent.ts'
import { declaredDefinitions, declaredNotifications } from '../../catalogue.ts'
import { createLog } from '../../lib/log/log.ts'
import { programRoot } from '../../lib/program-root.ts'
import { ManualClock } from '../../lib/time/clock.ts'
import { eventModule } from '../../subagents/event/index.ts'
import { mib2Modules, sysObjectId } from '../../subagents/mib2/index.ts'
import { savedMachine } from '../subagents/event/machine.ts'
import { makeHome, passphrase, runBin } from '../support/appliance.ts'
import { TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const receiverEngine = '80001f8804636173746c66'
process.env.SNMP_PERSISTENT_DIR = mkdtempSync(join(tmpdir(), 'event-hours-'))

test(
  'hours of load, on a clock moved by hand, are one rising and one falling to snmptrapd, as v2c trap and as v3 inform',
  needs('snmptrapd'),
  async (context) => {
    const { home, trapPort } = await makeHome()
    const user = ['user', 'add', 'informer', '--engine', receiverEngine, '--home', home.root]
    assert.equal((await runBin('castellan', user)).code, 0)
    // Hours go by here while the answer to an inform is on its way: it is not sent again. The coldStart is none: the
    // receiver's time, learnt with it, would be off by minutes in the same second, and RFC 3414 §3.2 takes a new one only
    // from a later second.
    appendFileSync(
      join(home.conf, 'agent/snmpd.cnf'),
      `snmpNotifyEntry informs Informs inform nonVolatile
snmpTargetAddrEntry inform3 snmpUDPDomain 127.0.0.1:${trapPort} 2000000000 0 Informs v3Priv nonVolatile
snmpTargetParamsEntry v3Priv snmpv3 usm informer authPriv nonVolatile
snmpNotifyFilterProfileEntry v3Priv events nonVolatile
snmpNotifyFilterEntry events mteTriggerRising - included nonVolatile
snmpNotifyFilterEntry events mteTriggerFalling - included nonVolatile
`,
    )
    cpSync(join(programRoot, 'test/fixtures/seed/eventagt.cnf'), join(home.conf, 'agent/eventagt.cnf'))
    const informer = `informer SHA-256 "${passphrase.auth}" AES "${passphrase.priv}"`
    const daemon = new TrapDaemon(trapPort, [informer], receiverEngine)
    await daemon.started()
    const clock = new ManualClock()
    const { root, processors, host } = savedMachine()
    const lines: string[] = []
    const agent = await Agent.create({
      home,
      clock,
      log: createLog({ component: 'agent', write: (line) => lines.push(line) }),
      sysObjectId,
      alsoNamed: { definitions: declaredDefinitions, notifications: declaredNotifications },
      modules: [
        ...mib2Modules(),
        { ...host, file: 'agent/host.cnf' },
        { ...eventModule(), file: 'agent/eventagt.cnf' },
      ],
    })
    context.after(async () => {
      await agent.stop()
      await daemon.stop()
      rmSync(root, { recursive: true, force: true })
    })
    await agent.start()
    const work = async (seconds: number, busyPercent: number): Promise<void> => {
      for (let half = 0; half < 2 * seconds; half++) {
        if (half % 10 === 0) processors.work(5, busyPercent)
        clock.advance(500)
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      }
    }
    const loadTrigger = /^.*mteTrigger|= STRING: "loadTrigger"/
    const told = (seen: string): string[] =>
      seen
        .split('\n')
        .filter((line) => loadTrigger.test(line))
        .map((line) => /2\.0\.([123])\s/.exec(line)?.[1] ?? line)

    await work(120, 30)
    daemon.forget()
    await work(3600, 95)
    const risen = await daemon.saw(/("loadTrigger"[\s\S]*){2}/)
    assert.deepEqual(told(risen), ['2', '2'], `the trap and the inform; ${lines.join('')}`)
    assert.match(risen, /hrProcessorLoad\.1 is (7[5-9]|8\d|9[0-4]), at or above 75/)
    await work(1800, 40)
    await work(1800, 5)
    const fallen = await daemon.saw(/("loadTrigger"[\s\S]*){4}/)
    assert.deepEqual(told(fallen), ['2', '2', '3', '3'])
  },
)

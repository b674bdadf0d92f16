import assert from 'node:assert/strict'
import { chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { letAgentTake } from '../../commands/agent/agent-takes.ts'
import { reloadHome } from '../../commands/reload.ts'
import { stopAll } from '../../commands/stop.ts'
import { domains, foldersOf, pidFileOf } from '../../lib/home/home.ts'
import type { DaemonName } from '../../lib/process/daemon.ts'
import { daemonOf } from '../../lib/process/daemon-identity.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { stopSipd } from '../../sipd/control/stop.ts'
import { defaultPolicies } from '../../subagents/log/rotation/defaults.ts'
import { askToReopen } from '../../subagents/log/rotation/owner.ts'
import { makeHome, runBin, type TestHome } from '../support/appliance.ts'
import { StandIn } from '../support/stand-in.ts'

const skip = process.getuid?.() !== 0 && 'only root may act as other users'
/** Whoever each daemon runs as when it is installed, and somebody who is none of them. */
const owners: Record<DaemonName, number> = { agent: 61_001, sipd: 61_002, subagents: 0, console: 61_004 }
const stranger = 61_003

let at: TestHome
before(async () => {
  at = await makeHome()
  for (const name of domains) chownSync(foldersOf(at.home, name).run, owners[name], owners[name])
})
after(() => rm(at.home.root, { recursive: true, force: true }))

/** As that user would write it, over whatever was there. */
function forge(path: string, text: string, uid: number): void {
  rmSync(path, { force: true })
  writeFileSync(path, text)
  chownSync(path, uid, uid)
}

const naming = ({ pid, process: { startTicks } }: StandIn): string => `${pid}\n${startTicks}\n[]\n`

/** Everything that signals a process for what a file in the home says. */
const acts: Record<string, (name: DaemonName) => unknown> = {
  'sip stop': () => stopSipd(at.home),
  'sip stop, as critapp runs it': () =>
    runBin('sip', ['stop', '--home', at.home.root], { CASTELLAN_SUPERVISED: 'sipd' }),
  'castellan stop': () => stopAll(at.home),
  'castellan reload': () => reloadHome(at.home),
  'castellan user': () => letAgentTake(at.home),
  rotation: (name) => {
    const owner = defaultPolicies(at.home).find(
      (policy) => policy.owner.kind === 'daemon' && policy.owner.name === name,
    )
    return askToReopen(owner!.owner)
  },
}

async function actOnAll(victim: StandIn, name: DaemonName): Promise<void> {
  for (const [what, act] of Object.entries(acts)) {
    // Some of them say that there is nothing to act on.
    await Promise.resolve(act(name)).catch((error: Error) => assert.match(error.message, /does not run/, what))
    assert.ok(victim.isRunning, `${what} killed it`)
  }
  await victim.settled()
  assert.deepEqual(victim.signals, ['SIGUSR1'])
}

describe('a PID file makes nobody signal', { skip }, () => {
  for (const name of domains)
    test(`a process of root that the user of ${name} names`, async () => {
      // Its very command line, as well as one that is nothing of ours.
      for (const called of [name, 'something']) {
        const victim = await StandIn.start({ called, home: called === name ? '/nowhere' : at.home.root })
        forge(pidFileOf(at.home, name), naming(victim), owners[name])
        await actOnAll(victim, name).finally(() => victim.end())
      }
    })

  for (const name of domains)
    test(`a process of another user that is called as the ${name} of this home`, async () => {
      const victim = await StandIn.start({ called: name, home: at.home.root, uid: stranger })
      for (const uid of [stranger, owners[name]]) {
        forge(pidFileOf(at.home, name), naming(victim), uid)
        assert.equal(daemonOf(at.home, name), undefined)
      }
      assert.deepEqual(processesOf(at.home), [])
      await actOnAll(victim, name).finally(() => victim.end())
    })

  test('whom a link, a FIFO or nonsense names', async () => {
    const victim = await StandIn.start({ called: 'sipd', home: '/nowhere' })
    const path = pidFileOf(at.home, 'sipd')
    const elsewhere = join(dirname(at.home.root), `${victim.pid}.pid`)
    writeFileSync(elsewhere, naming(victim))
    rmSync(path, { force: true })
    symlinkSync(elsewhere, path)
    await actOnAll(victim, 'sipd').finally(() => rmSync(elsewhere))
    for (const text of ['0\n0\n', '-1\n0\n', '1\n', '9999999999\n1\n', 'NaN\n', '', '1.5\n2\n']) {
      forge(path, text, 0)
      assert.equal(daemonOf(at.home, 'sipd'), undefined, JSON.stringify(text))
    }
    rmSync(path)
    mkdirSync(path)
    assert.equal(daemonOf(at.home, 'sipd'), undefined)
    rmSync(path, { recursive: true })
    await victim.end()
  })
})

test('the holder of the lock that another user names gets no signal', { skip }, async () => {
  const victim = await StandIn.start({ called: 'castellan', home: at.home.root })
  const { linuxHost } = await import('../../commands/lifecycle/linux-host.ts')
  const { startTicks } = victim.process
  const path = join(at.home.run, 'castellan.holder')
  forge(path, JSON.stringify({ pid: victim.pid, startTicks, phase: 'serving' }), stranger)
  assert.equal(linuxHost(at.home).holder(), undefined)
  forge(path, JSON.stringify({ pid: victim.pid, startTicks, phase: 'serving' }), 0)
  assert.equal(linuxHost(at.home).holder()?.pid, victim.pid, 'what root wrote is believed')
  rmSync(path)
  await victim.end()
})

test('sip stop ends the process that the supervisor names, whatever the PID file says', { skip }, async () => {
  const [real, other] = [
    await StandIn.start({ called: 'sipd', home: at.home.root, uid: owners.sipd }),
    await StandIn.start({ called: 'sipd', home: at.home.root, uid: owners.sipd }),
  ]
  forge(pidFileOf(at.home, 'sipd'), naming(other), owners.sipd)
  const stopping = runBin('sip', ['stop', '--home', at.home.root], {
    CASTELLAN_SUPERVISED: 'sipd',
    CASTELLAN_SUPERVISED_PROCESS: `${real.pid} ${real.process.startTicks}`,
  })
  await real.received('SIGTERM')
  await real.end()
  assert.equal((await stopping).code, 0)
  await other.settled()
  assert.deepEqual(other.signals, ['SIGUSR1'])
  // A number that another process has by now, and a process that is not sipd.
  const stranger = await StandIn.start({ called: 'something', home: at.home.root })
  for (const [named, code] of [
    [`${other.pid} ${other.process.startTicks - 1}`, 0],
    [`${stranger.pid} ${stranger.process.startTicks}`, 1],
  ] as const) {
    const variables = { CASTELLAN_SUPERVISED: 'sipd', CASTELLAN_SUPERVISED_PROCESS: named }
    assert.equal((await runBin('sip', ['stop', '--home', at.home.root], variables)).code, code)
  }
  for (const one of [stranger, other]) {
    assert.ok(one.isRunning)
    assert.ok(!one.signals.includes('SIGTERM'))
    await one.end()
  }
})

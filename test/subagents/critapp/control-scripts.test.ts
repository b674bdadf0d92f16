import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isControlScript } from '../../../subagents/critapp/host/control-script.ts'
import { Rig } from './rig.ts'

/** A daemon and the script that starts it, both of one name, as /etc/init.d has them. */
function daemonWithScript(rig: Rig, { start, delayMs = 0 }: { start: 'nohup' | 'setsid'; delayMs?: number }) {
  const daemon = rig.host.program('/opt/real/unit')
  const script = rig.host.script('/etc/init.d/unit', (self) => {
    self.after(delayMs, () => (start === 'nohup' ? self.fork([daemon]) : self.daemonize([daemon])))
    self.after(delayMs + 1000, () => self.exit(0))
  })
  return { daemon, script }
}

const manners = [
  { what: 'called with start', words: ' start', delayMs: 0 },
  { what: 'without a word', words: '', delayMs: 0 },
  { what: 'whose daemon comes later than the script counts as settled', words: '', delayMs: 800 },
] as const

for (const { what, words, delayMs } of manners)
  for (const start of ['nohup', 'setsid'] as const)
    for (const restartOnExit of [true, false])
      for (const findOnStartup of [true, false])
        test(`a control script ${what} is not taken for its daemon (${start}, restart ${restartOnExit}, adopt ${findOnStartup})`, async () => {
          const rig = new Rig()
          const { daemon, script } = daemonWithScript(rig, { start, delayMs })
          const startCommand = `${script}${words}`
          const { supervisor, shown, reaches } = rig.supervise({ startCommand, restartOnExit, findOnStartup })
          const isDaemon = (): boolean =>
            shown().state === 'running' && rig.host.read(shown().pid)?.command[0] === daemon
          await rig.until(isDaemon, 'the daemon')
          assert.equal(shown().exits, 0)
          assert.equal(rig.notified.length, 1, `one start and no end is told: ${rig.notified}`)
          if (words !== '') assert.equal(rig.notified[0], `started: unit was started as PID ${shown().pid}`)
          await rig.pass(5000)
          rig.process(daemon).deliver('SIGKILL')
          if (restartOnExit) await rig.until(() => shown().exits === 1 && isDaemon(), 'the next daemon')
          else await reaches('stopped')
          await rig.pass(5000)
          assert.equal(shown().exits, 1)
          supervisor.setAdminStatus(1, 'down')
          await reaches('stopped')
          assert.equal(rig.host.running.size, 0)
        })

test('a process of the same name that somebody else starts meanwhile does not make a script in front a control script', async () => {
  const rig = new Rig()
  const daemon = rig.host.program('/opt/real/unit')
  const front = rig.host.script('/opt/front/unit')
  const { shown, reaches } = rig.supervise({ startCommand: front })
  rig.host.spawn([daemon])
  await reaches('running')
  assert.equal(shown().pid, rig.process(front).pid)
})

test('a program in front that ends with 0 and leaves nothing behind has ended', async () => {
  const rig = new Rig()
  const startCommand = rig.host.script('/opt/unit', (self) => self.after(800, () => self.exit(0)))
  const { shown, reaches } = rig.supervise({ startCommand })
  await reaches('running')
  await reaches('stopped')
  assert.equal(shown().lastExitCode, 0)
  assert.equal(rig.notified.at(-1), 'exited: unit ended with exit code 0')
})

test('a row does not adopt a control script of its name that stops another one', async () => {
  const rig = new Rig()
  const script = rig.host.script('/opt/unit')
  const stopping = rig.host.spawn([script, 'stop'])
  const { shown, reaches } = rig.supervise({ startCommand: script })
  await reaches('running')
  assert.notEqual(shown().pid, stopping.pid)
})

test('what a script is called with tells a control script from a daemon, and a young start from an old one', () => {
  const is = (ageMs: number, ...command: string[]): boolean => isControlScript({ command }, () => ageMs)
  assert.ok(is(60_000, '/bin/sh', '/etc/init.d/bar', 'stop'))
  assert.ok(is(60_000, 'bash', '/etc/init.d/bar', 'status'))
  assert.ok(is(1000, '/bin/sh', '-e', '/etc/init.d/bar', 'start'))
  assert.ok(!is(60_000, '/bin/sh', '/opt/bar/bar', 'start'), 'it stays in front')
  assert.ok(!is(1000, '/bin/sh', '/opt/bar/bar'))
  assert.ok(!is(1000, 'node', '/opt/consumer.js', 'status'), 'the name of a queue')
  assert.ok(!is(1000, '/usr/sbin/bar', 'start'))
})

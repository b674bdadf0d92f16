/** A real systemd of a test's own: a user manager in a mount namespace, where the machine seems to be booted with systemd. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './appliance.ts'

const program = '/lib/systemd/systemd'

/** Why there can be none here; false when there can. */
export const noSystemd: string | false = !existsSync(program)
  ? 'the package systemd is not installed'
  : process.getuid?.() !== 0 && 'only root may make a mount namespace'

export class UserSystemd {
  readonly folder: string
  readonly #runtime: string
  #manager: ChildProcess | undefined

  /** `folder` is the test's own. */
  constructor(folder: string) {
    this.folder = folder
    this.#runtime = join(folder, 'runtime')
    mkdirSync(join(this.#runtime, 'systemd', 'user'), { recursive: true, mode: 0o700 })
    // It ends at once without these; the machine's own user units are not to be started here.
    for (const target of ['default', 'basic', 'shutdown']) this.unit(`${target}.target`, '[Unit]\n')
  }

  get systemctl(): readonly [string, ...string[]] {
    return ['/usr/bin/env', `XDG_RUNTIME_DIR=${this.#runtime}`, 'systemctl', '--user']
  }

  get systemdRun(): readonly [string, ...string[]] {
    return ['/usr/bin/env', `XDG_RUNTIME_DIR=${this.#runtime}`, 'systemd-run', '--user']
  }

  /** A message bus of its own, without which systemd-run neither waits for a unit nor gives it our streams. */
  async startBus(): Promise<void> {
    this.unit('dbus.socket', '[Socket]\nListenStream=%t/bus\n')
    const command = '/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation'
    this.unit('dbus.service', `[Unit]\nRequires=dbus.socket\n[Service]\nType=notify\nExecStart=${command}\n`)
    const [program, ...args] = this.systemctl
    const [code] = await once(spawn(program, [...args, 'start', 'dbus.service'], { stdio: 'inherit' }), 'exit')
    if (code !== 0) throw new Error(`the bus of the test could not be started: exit code ${code}`)
  }

  unit(name: string, text: string): void {
    writeFileSync(join(this.#runtime, 'systemd', 'user', name), text)
  }

  async start(): Promise<void> {
    // It refuses where /run/systemd/system is missing, and the machine's own /run is not ours to change.
    // As root it takes from there what it puts over paths that a unit may not see.
    const inaccessible = 'ln -s "$XDG_RUNTIME_DIR/systemd/inaccessible" /run/systemd/inaccessible'
    // For its units it is the machine's own manager, which root asks without a bus.
    const bus = 'ln -s "$XDG_RUNTIME_DIR/systemd/private" /run/systemd/private'
    // Units that run as other users tell it that they serve.
    for (const part of ['', 'runtime', 'runtime/systemd']) chmodSync(join(this.folder, part), 0o711)
    const script = `umask 0 && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && ${inaccessible} && ${bus} && exec ${program} --user`
    this.#manager = spawn('unshare', ['--mount', 'sh', '-c', script], {
      stdio: 'ignore',
      env: {
        ...process.env,
        HOME: this.#runtime,
        XDG_RUNTIME_DIR: this.#runtime,
        XDG_CONFIG_HOME: this.#runtime,
        SYSTEMD_UNIT_PATH: join(this.#runtime, 'systemd', 'user'),
      },
    })
    await until(() => existsSync(join(this.#runtime, 'systemd', 'private')), 10_000, 'systemd')
  }

  /** Its units end before it. */
  async stop(): Promise<void> {
    if (!this.#manager || this.#manager.exitCode !== null) return
    const [program, ...args] = this.systemctl
    await once(spawn(program, [...args, 'stop', '--', '*.service'], { stdio: 'ignore' }), 'exit')
    const ended = once(this.#manager, 'exit')
    spawn(program, [...args, 'exit', '--force'], { stdio: 'ignore' })
    await ended
  }
}

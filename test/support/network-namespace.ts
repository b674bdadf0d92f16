/** A network namespace of a test's own, where links come and go without the machine noticing; with a /sys that shows it. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** As root in a user namespace of its own, so that it needs no right outside. */
const isolate = ['-r', '-n', '-m']

/** Why there can be no namespace here; undefined when there can. */
export function namespaceMissing(): string | undefined {
  const setup = 'mount -t sysfs sysfs /sys && ip link add x0 type veth peer name x1'
  const { error, status, stderr } = spawnSync('unshare', [...isolate, 'sh', '-c', setup])
  if (error) return `unshare cannot be run: ${error.message}`
  return status === 0 ? undefined : `no network namespace with links can be made here: ${stderr.toString().trim()}`
}

export class NetworkNamespace {
  readonly #holder: ChildProcess
  readonly #children: ChildProcess[] = []

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  /** Runs these commands of the shell in a new namespace, whose loopback is up. */
  static async create(setup: string): Promise<NetworkNamespace> {
    const script = `set -e\nmount -t sysfs sysfs /sys\nip link set lo up\n${setup}\necho ready\nexec cat`
    const holder = spawn('unshare', [...isolate, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'pipe'] })
    let complaint = ''
    holder.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
    if (holder.exitCode !== null) throw new Error(`a network namespace could not be set up: ${complaint}`)
    return new NetworkNamespace(holder)
  }

  /** The words that run a command inside; it keeps its PID. */
  command(...words: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
    const enter = ['-t', `${this.#holder.pid}`, '-U', '-n', '-m', '--preserve-credentials']
    return { program: 'nsenter', args: [...enter, '--', ...words] }
  }

  /** What a command prints; rejects when it fails. */
  run(...words: readonly string[]): Promise<string> {
    const { program, args } = this.command(...words)
    return new Promise((resolve, reject) => {
      execFile(program, args, { env: { ...process.env, MIBS: '' }, maxBuffer: 1 << 24 }, (error, out, err) => {
        if (error) reject(new Error(`${words.join(' ')}: ${err || error.message}`))
        else resolve(out)
      })
    })
  }

  /** Starts a program that stays, until it printed something or ends. */
  async start(...words: readonly string[]): Promise<ChildProcess> {
    const { program, args } = this.command(...words)
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.push(child)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    return child
  }

  /** All that was started in it ends; with the last process the kernel takes the links away. */
  async stop(): Promise<void> {
    for (const child of [...this.#children, this.#holder]) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

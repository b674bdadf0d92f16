/** A machine to try the examples of a page on: the program in a folder of its own, all standard ports, and one shell. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'
import { passphrase } from '../support/appliance.ts'
import { NetworkNamespace } from '../support/network-namespace.ts'

/** Where pages say that the folder with the program is. */
const shownFolder = '/home/ann'
const endMark = '--- end of the example'

export interface Printed {
  readonly code: number
  readonly text: string
}

export class Machine {
  readonly #namespace: NetworkNamespace
  readonly #shell: ChildProcessWithoutNullStreams
  readonly #folder: string
  readonly #ended: Promise<unknown>
  #printed = ''

  private constructor(namespace: NetworkNamespace, shell: ChildProcessWithoutNullStreams, folder: string) {
    this.#namespace = namespace
    this.#shell = shell
    this.#folder = folder
    this.#ended = once(shell, 'exit')
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()))
  }

  /** What examples write is laid over the program's files, and is gone with the machine. */
  static async create(): Promise<Machine> {
    const folder = mkdtempSync(join(tmpdir(), 'machine-'))
    const program = join(folder, 'castellan')
    const layers = `lowerdir=${programRoot},upperdir=${folder}/upper,workdir=${folder}/work`
    const namespace = await NetworkNamespace.create(`
mount -t tmpfs -o mode=755 tmpfs ${folder}
mkdir ${folder}/upper ${folder}/work ${program}
mount -t overlay -o ${layers} overlay ${program}
rm -rf ${program}/var`)
    // Its processes are alone, and end with the shell.
    const alone = ['--pid', '--fork', '--kill-child', '--mount-proc']
    const { program: enter, args } = namespace.command('unshare', ...alone, 'bash', '--noprofile', '--norc')
    const env = {
      PATH: [join(program, 'bin'), dirname(process.execPath), process.env.PATH, '/usr/sbin', '/sbin'].join(':'),
      HOME: folder,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      // In place of a terminal that asks for them.
      CASTELLAN_AUTH_PASSPHRASE: passphrase.auth,
      CASTELLAN_PRIV_PASSPHRASE: passphrase.priv,
    }
    const machine = new Machine(namespace, spawn(enter, args, { env, stdio: 'pipe' }), folder)
    await machine.run(`cd ${program}`)
    return machine
  }

  /** Runs a command, or several lines of them, to its end. */
  async run(command: string): Promise<Printed> {
    this.#printed = ''
    this.#shell.stdin.write(
      `${command.replaceAll(shownFolder, this.#folder)}\nstatus=$?; echo "${endMark} $status"; (exit $status)\n`,
    )
    const end = new RegExp(`${endMark} (\\d+)\\n`)
    while (!end.test(this.#printed)) {
      if (this.#shell.exitCode !== null) throw new Error(`${command}: the shell ended: ${this.#printed}`)
      await Promise.race([once(this.#shell.stdout, 'data'), this.#ended])
    }
    const code = Number(end.exec(this.#printed)?.[1])
    return { code, text: this.#printed.replace(end, '').replaceAll(this.#folder, shownFolder) }
  }

  async stop(): Promise<void> {
    await this.run('castellan stop')
    this.#shell.stdin.end()
    await this.#ended
    await this.#namespace.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

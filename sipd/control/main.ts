/** `sip start|stop|restart|status`: starts and stops sipd for people and for critapp. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { daemonCommand } from '../../lib/daemon.ts'
import { type Home, isInitialized, programRoot, resolveHome } from '../../lib/home.ts'
import { isRunning, type ProcessIdentity, readPidFile } from '../../lib/process.ts'

const startWithinMs = 10_000
const stopWithinMs = 10_000

const usage = `usage: sip start|stop|restart|status [--home DIR] [--json] [--help] [--version]

  start     starts sipd in the background; is content when it runs already
  stop      stops sipd; is content when it does not run
  restart   stops and starts it
  status    says whether it runs: exit code 0 when it does, 1 when not

  --home DIR   the appliance (CASTELLAN_HOME, or var/ beside the program)
`

/** Gives the exit code: 0 ok, 1 it did not work or does not run, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`sip: ${(error as Error).message}\n${usage}`)
    return 2
  }
  const { values, positionals } = parsed
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  if (values.version) {
    const { version } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as { version: string }
    process.stdout.write(`sip ${version}\n`)
    return 0
  }
  const home = resolveHome(values.home)
  const [command, ...more] = positionals
  if (more.length > 0) return wrongUsage(`one command at a time, not also ${more.join(' ')}`)
  if (!isInitialized(home)) {
    process.stderr.write(`sip: ${home.root} is no home yet; run: castellan init --home ${home.root}\n`)
    return 1
  }
  switch (command) {
    case 'start':
      return (await report('Starting', () => start(home))) ? 0 : 1
    case 'stop':
      return (await report('Stopping', () => stop(home))) ? 0 : 1
    case 'restart': {
      const isStopped = await report('Stopping', () => stop(home))
      return isStopped && (await report('Starting', () => start(home))) ? 0 : 1
    }
    case 'status':
      return status(home, values.json)
    default:
      return wrongUsage(command === undefined ? 'which command?' : `there is no command ${command}`)
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      home: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  })
}

function wrongUsage(message: string): number {
  process.stderr.write(`sip: ${message}\n${usage}`)
  return 2
}

/** One line as the ancestor printed it: what is done, and how it went. Undefined is success, a text the reason why not. */
async function report(doing: string, act: () => Promise<string | undefined>): Promise<boolean> {
  process.stdout.write(`${`${doing} sipd:`.padEnd(57)}`)
  const failure = await act()
  const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
  const mark = failure === undefined ? '[ OK ]' : '[FAILED]'
  const colour = failure === undefined ? '32' : '31'
  process.stdout.write(`${isColoured ? `\u001b[${colour}m${mark}\u001b[0m` : mark}\n`)
  if (failure !== undefined) process.stderr.write(`${failure}\n`)
  return failure === undefined
}

async function start(home: Home): Promise<string | undefined> {
  const pidFile = join(home.run, 'sipd.pid')
  if (readPidFile(pidFile)) return undefined
  mkdirSync(home.logs, { recursive: true, mode: 0o700 })
  const outputPath = join(home.logs, 'sipd.out')
  const output = openSync(outputPath, 'w', 0o600)
  const { program, args } = daemonCommand('sipd', home)
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
  })
  closeSync(output)
  let isEnded = false
  child.on('exit', () => {
    isEnded = true
  })
  child.on('error', () => {
    isEnded = true
  })
  const deadline = performance.now() + startWithinMs
  while (performance.now() < deadline) {
    if (readPidFile(pidFile)?.pid === child.pid) {
      child.unref()
      return undefined
    }
    if (isEnded) return readFileSync(outputPath, 'utf8').trim() || 'sipd ended at once and said nothing'
    await pause()
  }
  child.kill('SIGKILL')
  return `sipd did not serve within ${startWithinMs / 1000} s and was killed`
}

async function stop(home: Home): Promise<string | undefined> {
  const running = readPidFile(join(home.run, 'sipd.pid'))
  if (!running) return undefined
  signal(running, 'SIGTERM')
  if (await isGone(running, stopWithinMs)) return undefined
  signal(running, 'SIGKILL')
  return (await isGone(running, 1000)) ? undefined : `PID ${running.pid} does not end, not even by SIGKILL`
}

function status(home: Home, asJson: boolean): number {
  const running = readPidFile(join(home.run, 'sipd.pid'))
  if (asJson) process.stdout.write(`${JSON.stringify({ running: running !== undefined, pid: running?.pid ?? null })}\n`)
  else process.stdout.write(running ? `sipd runs as PID ${running.pid}\n` : 'sipd does not run\n')
  return running ? 0 : 1
}

function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, name)
}

async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline) {
    if (!isRunning(identity)) return true
    await pause()
  }
  return false
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 25))

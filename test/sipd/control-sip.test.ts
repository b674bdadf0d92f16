import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { writePidFile } from '../../lib/files/pid-file.ts'
import { type ControlHandler, listenForControl } from '../../lib/process/control.ts'
import { sipCommands } from '../../sipd/control/commands.ts'
import { type ConfigurationView, configurationCommands } from '../../sipd/control/configuration.ts'
import { whyNotAsked } from '../../sipd/control/sipd.ts'
import { makeHome, runBin, type TestHome } from '../support/appliance.ts'
import { StandIn } from '../support/stand-in.ts'

let at: TestHome
let server: Server | undefined
let standIn: StandIn
before(async () => {
  at = await makeHome()
  standIn = await StandIn.start({ called: 'sipd', home: at.home.root })
})
afterEach(async () => {
  server?.close()
  await rm(join(at.home.run, 'sipd', 'sipd.pid'), { force: true })
})
after(async () => {
  await standIn.end()
  await rm(at.home.root, { recursive: true, force: true })
})

const sip = (...args: string[]) => runBin('sip', [...args, '--home', at.home.root])

/** A process that is called as sipd has the PID file, and this one answers at its control socket. */
async function parent(answer: ControlHandler): Promise<string[]> {
  const heard: string[] = []
  await writePidFile(join(at.home.run, 'sipd', 'sipd.pid'), standIn.process)
  server = await listenForControl(join(at.home.run, 'sipd', 'sipd.ctl'), (words) => {
    heard.push(words.join(' '))
    return answer(words)
  })
  return heard
}

describe('sip graceful', () => {
  test('asks for a new generation and is done when it serves', async () => {
    let generation = 3
    let asked = 0
    const heard = await parent(async ([word]) => {
      if (word === 'graceful') return 'ok'
      if (heard.includes('graceful') && ++asked === 3) generation++
      return String(generation)
    })
    const { code, out, err } = await sip('graceful')
    assert.match(out, /^Gracefully restarting sipd: +\[ OK \]\n$/)
    assert.deepEqual([code, err], [0, ''])
    assert.deepEqual(heard, ['generation', 'graceful', 'generation', 'generation', 'generation'])
  })

  test('prints the complaints about a broken sipd.conf, every line of them', async () => {
    await parent(async ([word]) => {
      if (word === 'graceful') throw new Error('sipd.conf:15:8: Listen is wrong\nsipd.conf:16:1: x is no directive')
      return '3'
    })
    const { code, out, err } = await sip('graceful')
    assert.equal(code, exitCodes.error)
    assert.match(out, /\[FAILED\]/)
    assert.equal(err, 'sipd.conf:15:8: Listen is wrong\nsipd.conf:16:1: x is no directive\n')
  })

  test('gives 3 when no new generation serves in time, or when nobody answers', async () => {
    await parent(async () => '3')
    const late = await sip('graceful', '--timeout', '0.3')
    assert.equal(late.code, exitCodes.noAnswer)
    assert.match(late.err, /no new generation of sipd served within 0.3 s; logs\/sipd\/error_log says why/)
    const path = join(at.home.conf, 'sipd', 'sipd.conf')
    const text = readFileSync(path, 'utf8')
    appendFileSync(path, 'ErrorLog /var/log/sipd.log\n')
    assert.match((await sip('graceful', '--timeout', '0.3')).err, /; \/var\/log\/sipd\.log says why/)
    writeFileSync(path, text)
    server?.close()
    await parent(() => new Promise(() => {}))
    const silent = await sip('graceful', '--timeout', '0.3')
    assert.equal(silent.code, exitCodes.noAnswer)
    assert.match(silent.err, /sipd gave no answer to generation within 0.3 s/)
  })

  test('says that sipd does not run, or does not listen', async () => {
    const stopped = await sip('graceful')
    assert.equal(stopped.code, exitCodes.error)
    assert.match(stopped.err, /sipd does not run in .*; start it with: sip start/)
    await writePidFile(join(at.home.run, 'sipd', 'sipd.pid'), standIn.process)
    const deaf = await sip('graceful')
    assert.equal(deaf.code, exitCodes.error)
    assert.match(deaf.err, /sipd does not listen at .*sipd\.ctl: connect E/)
  })
})

describe('sip txngraceful-restart', () => {
  test('passes seconds and behaviour on, and with --wait is done when sipd serves again', async () => {
    let generation = 1
    const heard = await parent(async ([word]) => {
      if (word !== 'txngraceful-restart') return String(generation)
      setTimeout(() => generation++, 200)
      return 'ok'
    })
    const { code, out } = await sip('txngraceful-restart', '45', '2', '--wait')
    assert.equal(code, 0)
    assert.match(
      out,
      /^Transaction gracefully restarting sipd: +\[ OK \]\nsipd signalled to gracefully stop after 45 seconds\nWaiting for sipd: +\[ OK \]\n$/,
    )
    assert.deepEqual(heard.slice(0, 2), ['generation', 'txngraceful-restart 45 2'])
  })

  test('refuses what is neither seconds nor 1 or 2, without asking sipd', async () => {
    const heard = await parent(async () => '1')
    for (const operands of [['45'], ['45', '3'], ['soon', '1'], ['-1', '1'], ['3601', '1'], ['45', '1', '1']])
      assert.equal((await sip('txngraceful-restart', ...operands)).code, exitCodes.usage, operands.join(' '))
    assert.deepEqual(heard, [])
  })
})

describe('sip status', () => {
  const worker = { pid: 77, generation: 4, state: 'serving', transactions: 12, bindings: 3, rssOctets: 52_428_800 }

  test('shows the workers, and as JSON all that the parent said', async () => {
    const status = { generation: 4, workers: [worker], upSeconds: 9 }
    await parent(async () => JSON.stringify(status))
    const { code, out } = await sip('status')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^sipd runs as PID ${standIn.pid}\ngeneration 4, workers: 1\n`))
    assert.match(out, /\n {2}77 +4 +serving +12 +3 +51200\n$/)
    assert.deepEqual(JSON.parse((await sip('status', '--json')).out), { running: true, pid: standIn.pid, ...status })
  })

  test('still says that it runs when the parent is silent (3), nonsensical, not listening or not ours (0)', async () => {
    await parent(() => new Promise(() => {}))
    const silent = await sip('status', '--timeout', '0.2')
    assert.deepEqual([silent.code, silent.out], [exitCodes.noAnswer, `sipd runs as PID ${standIn.pid}\n`])
    server?.close()
    await parent(async () => 'fine, thank you')
    const odd = await sip('status')
    assert.deepEqual([odd.code, odd.out], [exitCodes.ok, `sipd runs as PID ${standIn.pid}\n`])
    assert.match(odd.err, /something that is no status: fine, thank you/)
  })
})

describe('sip under a supervisor', () => {
  const supervisor = async (answer: ControlHandler): Promise<string[]> => {
    const heard: string[] = []
    server = await listenForControl(join(at.home.run, 'subagents', 'subagents.ctl'), (words) => {
      heard.push(words.join(' '))
      return answer(words)
    })
    return heard
  }

  test('leaves start, stop and restart to it, and prints how they went', async () => {
    const heard = await supervisor(async () => 'done')
    assert.match((await sip('start')).out, /^Starting sipd: +\[ OK \]\n$/)
    assert.match((await sip('stop')).out, /^Stopping sipd: +\[ OK \]\n$/)
    assert.match((await sip('restart')).out, /^Restarting sipd: +\[ OK \]\n$/)
    assert.deepEqual(heard, ['apps start sipd', 'apps stop sipd', 'apps restart sipd'])
  })

  test('prints what it says of a failure; a stop is then done without it', async () => {
    await supervisor(async () => {
      throw new Error('sipd.conf:3:1: unknown directive')
    })
    for (const command of ['start', 'restart']) {
      const { code, out, err } = await sip(command)
      assert.deepEqual([code, err], [exitCodes.error, 'sipd.conf:3:1: unknown directive\n'], command)
      assert.match(out, /\[FAILED\]/)
    }
    const stopped = await sip('stop')
    assert.equal(stopped.code, 0)
    assert.match(stopped.err, /the supervisor failed to stop sipd: sipd\.conf/)
  })

  test('does itself what the supervisor calls it for, or does not supervise', async () => {
    const heard = await supervisor(async () => 'not supervised')
    const supervised = { CASTELLAN_SUPERVISED: 'sipd' }
    assert.equal((await runBin('sip', ['stop', '--home', at.home.root], supervised)).code, 0)
    assert.deepEqual(heard, [])
    assert.equal((await sip('stop')).code, 0)
    assert.deepEqual(heard, ['apps stop sipd'])
  })
})

const configuration: ConfigurationView = {
  check: async () => ({ text: 'sipd.conf:1:1: bad\n', json: { complaints: 1 }, isGood: false }),
  inForce: () => ({ text: 'Listen 5060 # default\n', json: [{ name: 'Listen' }] }),
}

describe('sip', () => {
  test('has --help and --version, and refuses options and commands that mean nothing', async () => {
    const help = await sip('--help')
    for (const { name } of sipCommands(configuration)) assert.match(help.out, new RegExp(`\n  ${name}\\b`))
    assert.match((await sip('--version')).out, /^sip \d+\.\d+/)
    for (const [usage, ...args] of [
      ['COMMAND'],
      ['COMMAND', 'dance'],
      ['start', 'start', 'now'],
      ['start', 'start', '--json'],
      ['stop', 'stop', '--tcp'],
      ['status', 'status', '--timeout', 'x'],
    ]) {
      const { code, err } = await sip(...args)
      assert.equal(code, exitCodes.usage, args.join(' '))
      assert.match(err, new RegExp(`^usage: sip ${usage} `, 'm'))
    }
  })

  test('check and config print what the configuration says, in text or JSON, with its exit codes', async () => {
    const [check, config] = configurationCommands(configuration)
    const options = {
      json: false,
      tcp: false,
      wait: false,
      tls: false,
      ca: undefined,
      fingerprint: undefined,
      uri: undefined,
      timeout: undefined,
    }
    const printed: string[] = []
    const write = process.stdout.write
    const codes: number[] = []
    try {
      process.stdout.write = ((text: string) => printed.push(text) > 0) as typeof write
      for (const command of [check!, config!])
        for (const json of [false, true])
          codes.push(await command.run({ home: at.home, operands: [], options: { ...options, json } }))
    } finally {
      process.stdout.write = write
    }
    assert.deepEqual(printed, [
      'sipd.conf:1:1: bad\n',
      '{"complaints":1}\n',
      'Listen 5060 # default\n',
      '[{"name":"Listen"}]\n',
    ])
    assert.deepEqual(codes, [1, 1, 0, 0])
  })

  test('gives 4 where the control socket is not for this user', () => {
    const error = Object.assign(new Error('connect EACCES sipd.ctl'), { code: 'EACCES' })
    const failure = whyNotAsked(error, { path: 'run/sipd.ctl', line: 'graceful', withinMs: 1000 })
    assert.equal(failure.exitCode, exitCodes.refused)
    assert.match(failure.message, /^run\/sipd\.ctl is not for this user: connect EACCES/)
  })
})

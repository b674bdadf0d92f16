import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { controlSocketToAsk } from '../../lib/home/control-socket.ts'
import { control } from '../../lib/process/control.ts'
import { processesOf } from '../../lib/process/home-processes.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, type TestHome, until } from '../support/appliance.ts'
import { mutate, randomFrom } from '../support/mutate.ts'
import { needs } from '../support/peers.ts'

let at: TestHome
const pid = () => readPidFile(join(at.home.run, 'sipd', 'sipd.pid'))?.pid

function sip(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(programRoot, 'bin', 'sip'), ...args, '--home', at.home.root],
      (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err })
      },
    )
  })
}

/** Sends a request from a socket of its own; gives the answer, or undefined when none came in time. */
async function ask(text: string, withinMs = 2000): Promise<string | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.send(text, at.sipPort, '127.0.0.1')
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) })) as [Buffer]
    return answer.toString()
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

const request = (method: string, ...more: string[]): string =>
  [
    `${method} sip:example.com SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK${Math.random()}`,
    'From: <sip:a@b>;tag=1',
    'To: <sip:a@example.com>',
    `Call-ID: ${Math.random()}`,
    `CSeq: 1 ${method}`,
    ...more,
    '',
    '',
  ].join('\r\n')

before(async () => {
  at = await makeHome()
  const lines = ['ProxyDomain example.com', 'LogFormat "%m %s %{To}i -> %{Server}o %{X}o" both']
  appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), `${lines.join('\n')}\nCustomLog logs/both_log both\n`)
})
after(async () => {
  await sip('stop')
  await rm(at.home.root, { recursive: true, force: true })
})

describe('sipd and bin/sip', () => {
  test('sip start, status, restart and stop say what they did, with exit codes', async () => {
    assert.deepEqual(await sip('status'), { code: 1, out: 'sipd does not run\n', err: '' })
    assert.match((await sip('start')).out, /^Starting sipd: +\[ OK \]\n$/)
    const first = pid()
    assert.ok(first)
    assert.equal((await sip('start')).code, 0, 'starting what runs is fine')
    assert.equal(pid(), first)
    assert.match((await sip('status')).out, new RegExp(`^sipd runs as PID ${first}\ngeneration 1, workers: 1\n`))
    const { running, pid: told } = JSON.parse((await sip('status', '--json')).out)
    assert.deepEqual({ running, told }, { running: true, told: first })
    assert.match((await sip('restart')).out, /^Stopping sipd: +\[ OK \]\nStarting sipd: +\[ OK \]\n$/)
    assert.notEqual(pid(), first)
    assert.equal((await sip('stop')).code, 0)
    assert.equal((await sip('stop')).code, 0, 'stopping what does not run is fine')
    assert.equal((await sip('dance')).code, 2)
    assert.equal(existsSync(join(at.home.run, 'sipd', 'sipd.pid')), false)
  })

  test('three starts at once make one sipd, and a stop ends it also while it is starting', async () => {
    const all = await Promise.all([sip('start'), sip('start'), sip('start')])
    assert.deepEqual(
      all.map(({ code }) => code),
      [0, 0, 0],
    )
    const sipds = (): number[] => processesOf(at.home).flatMap(({ part, pid }) => (part === 'sipd' ? [pid] : []))
    assert.deepEqual(sipds(), [pid()])
    assert.equal((await sip('stop')).code, 0)
    const starting = sip('start')
    await until(() => sipds().length > 0, 10_000, 'sipd')
    assert.equal((await sip('stop')).code, 0)
    assert.deepEqual(sipds(), [])
    await starting
    assert.deepEqual(sipds(), [])
  })

  test('a broken sipd.conf fails the start with file, line and column', async () => {
    const path = join(at.home.conf, 'sipd', 'sipd.conf')
    const good = readFileSync(path, 'utf8')
    writeFileSync(path, `${good}\nListen nowhere\nRegistrarMinExpires x\n`)
    const { code, out, err } = await sip('start')
    assert.equal(code, 1)
    assert.match(out, /\[FAILED\]/)
    assert.match(err, /sipd\.conf:\d+:8: Listen is to be a port or address:port/)
    assert.match(err, /sipd\.conf:\d+:21: RegistrarMinExpires is to be a whole number/)
    writeFileSync(path, good)
  })

  test('a port in use fails the start and says by whom', async () => {
    const holder = createSocket('udp4')
    holder.bind(at.sipPort, '127.0.0.1')
    await once(holder, 'listening')
    try {
      const { code, err } = await sip('start')
      assert.equal(code, 1)
      assert.match(err, new RegExp(`udp 127\\.0\\.0\\.1:${at.sipPort} is in use by PID ${process.pid} `))
    } finally {
      holder.close()
      await once(holder, 'close')
    }
  })

  test('requests get the answers that RFC 3261 has for them', async () => {
    assert.equal((await sip('start')).code, 0)
    for (const [text, expected] of [
      [
        request('OPTIONS'),
        /^SIP\/2\.0 200 OK\r\n(?=[\s\S]*\r\nAllow: OPTIONS, REGISTER, INVITE, ACK, CANCEL, BYE\r\n)(?=[\s\S]*;rport=\d+)(?=[\s\S]*;received=127\.0\.0\.1)[\s\S]*\r\nTo: <sip:a@example\.com>;tag=[\w-]+\r\n/,
      ],
      [
        request('REGISTER', 'Contact: <sip:a@c>', 'Expires: 120'),
        /^SIP\/2\.0 200 OK\r\n[\s\S]*\r\nContact: <sip:a@c>;expires=120\r\n/,
      ],
      [request('INVITE'), /^SIP\/2\.0 405 /],
      [request('INVITE').replace('sip:example.com SIP', 'sip:nobody@example.com SIP'), /^SIP\/2\.0 404 /],
      [request('CANCEL'), /^SIP\/2\.0 481 /],
      [request('BYE'), /^SIP\/2\.0 405 /],
      [request('JUMP'), /^SIP\/2\.0 405 [\s\S]*\r\nAllow: /],
      [request('OPTIONS', 'Require: magic'), /^SIP\/2\.0 420 [\s\S]*\r\nUnsupported: magic\r\n/],
      [request('OPTIONS').replace('sip:example.com SIP', 'mailto:a@b SIP'), /^SIP\/2\.0 416 /],
      [request('OPTIONS').replace('SIP/2.0\r', 'SIP/3.0\r'), /^SIP\/2\.0 505 /],
      [request('OPTIONS').replace('CSeq: 1', 'CSeq: x'), /^SIP\/2\.0 400 /],
    ] as const) {
      assert.match((await ask(text)) ?? 'no answer', expected, text)
    }
    assert.equal(await ask(request('ACK'), 200), undefined, 'an ACK is never answered')
  })

  test('the access log tells of the request and of its answer, in the words of LogFormat', async () => {
    const path = join(at.home.logs, 'both_log')
    const line = 'OPTIONS 200 <sip:a@example.com> -> Castellan -\n'
    await ask(request('OPTIONS'))
    await until(() => existsSync(path) && readFileSync(path, 'utf8').includes(line), 2000, line)
  })

  test('a retransmission gets the very same answer', async () => {
    const text = request('REGISTER', 'Contact: <sip:r@c>', 'Expires: 120')
    const socket = createSocket('udp4')
    const answers: string[] = []
    socket.on('message', (answer) => answers.push(answer.toString()))
    for (const count of [1, 2]) {
      socket.send(text, at.sipPort, '127.0.0.1')
      await until(() => answers.length === count, 2000, 'the answer')
    }
    socket.close()
    assert.match(answers[0]!, /^SIP\/2\.0 200 /)
    assert.equal(answers[1], answers[0])
  })

  test('5,000 mutated datagrams leave it answering', async () => {
    const random = randomFrom(11)
    const socket = createSocket('udp4')
    const sample = Buffer.from(request('REGISTER', 'Contact: <sip:m@c>;q=0.3', 'Content-Length: 0'))
    for (let i = 0; i < 5000; i++) {
      socket.send(mutate(sample, random), at.sipPort, '127.0.0.1')
      if (i % 100 === 0) assert.match((await ask(request('OPTIONS'))) ?? 'no answer', /^SIP\/2\.0 200/)
    }
    socket.close()
    assert.doesNotMatch(readFileSync(join(at.home.logs, 'sipd', 'error_log'), 'utf8'), /bug/)
  })

  test('SIGUSR2 reopens the log, SIGHUP reads the configuration again and keeps the old one when it is broken', async () => {
    const log = join(at.home.logs, 'sipd', 'error_log')
    renameSync(log, `${log}.1`)
    process.kill(pid()!, 'SIGUSR2')
    await until(() => existsSync(log), 2000, 'the new log')
    const path = join(at.home.conf, 'sipd', 'sipd.conf')
    const good = readFileSync(path, 'utf8')
    writeFileSync(path, `${good}RegistrarMinExpires 500\n`)
    process.kill(pid()!, 'SIGHUP')
    await until(() => readFileSync(log, 'utf8').includes('generation=2'), 5000)
    assert.match((await ask(request('REGISTER', 'Contact: <sip:h@c>', 'Expires: 120'))) ?? '', /^SIP\/2\.0 423 /)
    writeFileSync(path, 'Nonsense\n')
    process.kill(pid()!, 'SIGHUP')
    await until(() => readFileSync(log, 'utf8').includes('what was in force stays'), 2000)
    assert.match((await ask(request('REGISTER', 'Contact: <sip:h@c>', 'Expires: 120'))) ?? '', /^SIP\/2\.0 423 /)
    writeFileSync(path, good)
  })

  test('a restart that finds a port taken leaves what serves; when nothing does, it is tried again until something does', async () => {
    const holder = createSocket('udp4')
    holder.bind(0, '127.0.0.1')
    await once(holder, 'listening')
    const taken = holder.address().port
    const [path, log] = [join(at.home.conf, 'sipd', 'sipd.conf'), join(at.home.logs, 'sipd', 'error_log')]
    const good = readFileSync(path, 'utf8')
    writeFileSync(path, `${good}Listen 127.0.0.1:${taken}\n`)
    assert.equal((await sip('txngraceful-restart', '0', '2')).code, 0)
    await until(
      () => /the restart did not work; what was in force stays error=.*is in use by/.test(readFileSync(log, 'utf8')),
      10_000,
    )
    assert.match((await ask(request('OPTIONS'))) ?? '', /^SIP\/2\.0 200 /)
    const { workers } = JSON.parse((await sip('status', '--json')).out) as { workers: { pid: number; state: string }[] }
    process.kill(workers.find(({ state }) => state === 'serving')!.pid, 'SIGKILL')
    await until(async () => (await sip('status')).out.includes('down'), 10_000, 'the end of the worker')
    assert.equal((await sip('txngraceful-restart', '0', '2')).code, 0)
    await until(
      () => /no worker serves; it is tried again error=.*is in use by/.test(readFileSync(log, 'utf8')),
      10_000,
    )
    assert.match((await sip('status')).out, /down/)
    holder.close()
    await until(async () => (await ask(request('OPTIONS'), 300)) !== undefined, 10_000, 'a worker')
    writeFileSync(path, good)
  })

  test('takes a txngraceful-restart within the bounds of the command alone, whoever asks', async () => {
    const socket = controlSocketToAsk(at.home, 'sipd')
    for (const operands of ['3601 1', '-1 1', 'soon 1', '1 3'])
      await assert.rejects(control(socket, `txngraceful-restart ${operands}`), /must be/, operands)
  })

  test('SIPp registers and asks for options', needs('sipp'), async () => {
    const scenario = join(at.home.root, 'register.xml')
    writeFileSync(scenario, sippScenario)
    assert.equal((await sip('restart')).code, 0)
    const { code, err } = await new Promise<{ code: number; err: string }>((resolve) => {
      execFile(
        'sipp',
        [
          '-sf',
          scenario,
          `127.0.0.1:${at.sipPort}`,
          '-i',
          '127.0.0.1',
          '-m',
          '200',
          '-r',
          '200',
          '-nostdin',
          '-timeout',
          '20',
        ],
        { cwd: at.home.root, env: { ...process.env, TERM: 'dumb' } },
        (error, out, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, err: `${stderr}${out.slice(-1500)}` })
        },
      )
    })
    assert.equal(code, 0, err)
  })
})

const headers = (method: string): string => `      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:user[call_number]@example.com>;tag=[call_number]
      To: <sip:user[call_number]@example.com>
      Call-ID: [call_id]
      CSeq: [cseq] ${method}
      Max-Forwards: 70`
const sippScenario = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register">
  <send retrans="500"><![CDATA[
      REGISTER sip:example.com SIP/2.0
${headers('REGISTER')}
      Contact: <sip:user[call_number]@[local_ip]:[local_port]>
      Expires: 600
      Content-Length: 0

  ]]></send>
  <recv response="200"><action><ereg regexp="expires=600" search_in="hdr" header="Contact:" check_it="true" assign_to="1"/></action></recv>
  <Reference variables="1"/>
  <send retrans="500"><![CDATA[
      OPTIONS sip:example.com SIP/2.0
${headers('OPTIONS')}
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
`

/** The child of a job that talks to a network device, and the pipe between them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { ChildDevice } from '../../backup/device/child/child-device.ts'
import { dataHeader, encodeMessage, FrameReader } from '../../backup/device/child/frames.ts'
import { parseAnswer, parseFiles, parseReport } from '../../backup/device/child/messages.ts'
import { serveDevice } from '../../backup/device/child/serve.ts'
import type { NetworkDirectory } from '../../lib/backup/settings.ts'
import { readCredentials } from '../../lib/proc/credentials.ts'
import type { Program } from '../../lib/program/program.ts'
import { startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { until } from '../support/appliance.ts'
import { deviceErrorOf, namesOn, store } from '../support/device-contract.ts'
import { MemoryDevice } from '../support/memory-device.ts'
import { onlyRoot } from '../support/other-owner.ts'
import { noSshd, Sshd } from '../support/sshd.ts'

const never = new AbortController().signal
const main = join(programRoot, 'dist', 'backup', 'device', 'main.js')

describe('the frames of the pipe', () => {
  test('are what they were, however the pipe cuts them', () => {
    const frame = fc.oneof(
      fc.record({ id: fc.nat(), message: fc.dictionary(fc.string(), fc.jsonValue()) }),
      fc.record({ id: fc.nat(), octets: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
    )
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 50 })), (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.flatMap((one) =>
            'message' in one
              ? [encodeMessage(one.id, one.message)]
              : [dataHeader(one.id, one.octets.length), Buffer.from(one.octets)],
          ),
        )
        const reader = new FrameReader()
        const read: { id: number; message?: string; octets: Buffer }[] = []
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const end = at + (cuts[cut % (cuts.length || 1)] ?? 7)
          for (const frame of reader.push(bytes.subarray(at, end))) {
            const last = read.at(-1)
            if (frame.kind === 'message')
              read.push({ id: frame.id, message: JSON.stringify(frame.message), octets: Buffer.alloc(0) })
            else if (last && last.message === undefined && last.id === frame.id)
              last.octets = Buffer.concat([last.octets, frame.octets])
            else read.push({ id: frame.id, octets: frame.octets })
          }
          at = end
        }
        const expected: typeof read = []
        for (const one of sent) {
          const last = expected.at(-1)
          if ('message' in one)
            expected.push({ id: one.id, message: JSON.stringify(one.message), octets: Buffer.alloc(0) })
          else if (last && last.message === undefined && last.id === one.id)
            last.octets = Buffer.concat([last.octets, one.octets])
          else expected.push({ id: one.id, octets: Buffer.from(one.octets) })
        }
        assert.deepEqual(read, expected)
      }),
    )
  })

  test('are refused where they are too large, of no kind, or no JSON', () => {
    const large = dataHeader(1, 100)
    large.writeUInt32BE(0xffff_ffff, 0)
    const unknown = dataHeader(1, 0)
    unknown[4] = 9
    const broken = Buffer.concat([encodeMessage(1, {}).subarray(0, -1), Buffer.from('{')])
    for (const wrong of [large, unknown, broken])
      assert.throws(() => new FrameReader().push(wrong), { name: 'DecodeError' })
  })

  test('answers of another form than is agreed are not believed', () => {
    for (const wrong of [null, 1, [], {}, { type: 'taken' }, { type: 'taken', octets: -1 }, { type: 'failure' }])
      assert.equal(parseAnswer(wrong), undefined)
    for (const wrong of [{}, [{ name: 1, octets: 1, modifiedMs: 1 }], [{ name: 'a', octets: -1, modifiedMs: 1 }]])
      assert.equal(parseFiles(wrong), undefined)
    assert.deepEqual(parseReport({ steps: [{ step: 'other', found: '' }], hostKey: 1, freeBytes: '1' }), { steps: [] })
  })
})

describe('a job and its child', () => {
  test('a job that is gone while it writes leaves no draft', async () => {
    const device = new MemoryDevice('memory')
    const [input, output] = [new PassThrough(), new PassThrough()]
    const settings: NetworkDirectory = {
      ...{ type: 'network', name: 'far', server: 'x', port: 22, path: '', userName: 'u', retention: 1 },
    }
    const hand = async (take: (octets: Buffer) => void): Promise<void> => {
      for await (const chunk of input) take(chunk)
    }
    const served = serveDevice({ input: hand, output, makeDevice: () => device })
    input.write(encodeMessage(0, { type: 'open', settings }))
    input.write(encodeMessage(1, { type: 'create', name: 'one' }))
    await until(() => device.calls.includes('create'), 5000, 'the beginning of the file')
    input.write(dataHeader(1, 1000))
    input.write(randomBytes(1000))
    input.end()
    await served
    assert.deepEqual(await namesOn(device), [])
  })

  test('a child that talks nonsense is ended, and what was asked of it fails', async () => {
    const start = (): Program =>
      startProgram({ argv: ['sh', '-c', 'printf AAAAAAAAAAAAAAAA; exec sleep 60'], input: 'pipe', output: 'pipe' })
    const device = new ChildDevice(settingsFor('x'), commandClock, start)
    const error = await deviceErrorOf(device.list(never))
    assert.equal(error.fault, 'unreachable')
    assert.match(error.message, /^device far: cannot go on: the process that talks to it broke the protocol: /)
    await device.close()
  })

  test('one that cannot be started, or ends at once, says so in its own words', async () => {
    const missing = new ChildDevice(settingsFor('x'), commandClock, () =>
      startProgram({ argv: ['/no/such/program'], input: 'pipe', output: 'pipe' }),
    )
    assert.match((await deviceErrorOf(missing.list(never))).message, /could not be started: there is no such program/)
    const ends = new ChildDevice(settingsFor('x'), commandClock, () =>
      startProgram({
        argv: ['sh', '-c', 'echo so it is >&2; exit 3'],
        input: 'pipe',
        output: 'pipe',
        errors: 'pipe',
      }),
    )
    assert.match((await deviceErrorOf(ends.list(never))).message, /ended with exit code 3 \(so it is\)/)
  })

  function settingsFor(server: string): NetworkDirectory {
    return { type: 'network', name: 'far', server, port: 22, path: '', userName: 'u', retention: 1 }
  }
})

describe('the child on a real server', { skip: noSshd }, () => {
  const starting = noSshd ? undefined : Sshd.start()
  after(async () => (await starting)?.stop())

  async function withChild(
    prove: (at: {
      device: ChildDevice
      path: string
      child: () => Program
      settings: NetworkDirectory
    }) => Promise<void>,
  ): Promise<void> {
    const path = mkdtempSync(join(tmpdir(), 'castellan-far-'))
    let program: Program | undefined
    const settings = (await starting)?.settings(path)
    assert.ok(settings)
    const device = new ChildDevice(settings, commandClock, () => {
      program = startProgram({ argv: [process.execPath, main], input: 'pipe', output: 'pipe', errors: 'pipe' })
      return program
    })
    const child = (): Program => {
      assert.ok(program)
      return program
    }
    try {
      await prove({ device, path, child, settings })
    } finally {
      await device.close()
      await rm(path, { recursive: true, force: true })
    }
  }

  test('is not root, and cannot be', onlyRoot, () =>
    withChild(async ({ device, child }) => {
      await device.list(never)
      const credentials = readCredentials(child().pid ?? 0)
      assert.ok(credentials)
      assert.ok(credentials.uids.every((uid) => uid !== 0))
      assert.ok(credentials.gids.every((gid) => gid !== 0))
      assert.ok(!credentials.groups.includes(0))
      assert.equal(credentials.permittedCapabilities | credentials.effectiveCapabilities, 0n)
    }),
  )

  test('has no secret in its arguments and variables', () =>
    withChild(async ({ device, child, settings }) => {
      await device.list(never)
      const [, line = ''] = (settings.privateKey ?? '').split('\n')
      assert.ok(line.length > 20)
      for (const what of ['cmdline', 'environ']) {
        const text = readFileSync(`/proc/${child().pid}/${what}`, 'latin1')
        assert.ok(!text.includes(line) && !text.includes(settings.userName === 'root' ? 'PRIVATE KEY' : line))
      }
    }))

  test('one that is killed while it writes fails the upload; the next request has another child', () =>
    withChild(async ({ device, path, child }) => {
      await store(device, 'earlier', [Buffer.from('earlier')])
      const writer = await device.create('one', never)
      await writer.write(randomBytes(1_000_000))
      child().signal('SIGKILL')
      const error = await deviceErrorOf(
        (async () => {
          for (let round = 0; round < 100; round++) await writer.write(randomBytes(1_000_000))
        })(),
      )
      assert.equal(error.fault, 'unreachable')
      assert.match(
        error.message,
        /^device far: cannot go on: the process that talks to it was ended by SIGKILL; try again/,
      )
      await writer.abort()
      assert.deepEqual(
        (await namesOn(device)).filter((name) => !name.endsWith('.part')),
        ['earlier'],
      )
      assert.equal(readFileSync(join(path, 'earlier'), 'utf8'), 'earlier')
    }))

  test('ends when the device is closed, or the job is gone', () =>
    withChild(async ({ device, child, path }) => {
      const writer = await device.create('one', never)
      await writer.write(randomBytes(100_000))
      const program = child()
      program.input?.destroy()
      assert.deepEqual(await program.exited, { kind: 'exited', code: 0 })
      assert.deepEqual(readdirSync(path), [])
      await device.list(never)
      const second = child()
      await device.close()
      assert.deepEqual(await second.exited, { kind: 'exited', code: 0 })
    }))
})

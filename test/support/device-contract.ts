/** What every backup device does, and every wrapper of one. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Device, DeviceError, type StoredFile } from '../../backup/device/device.ts'
import { draftSuffix } from '../../lib/backup/set-name.ts'

export interface DeviceUnderTest {
  readonly device: Device
  /** Removes what the test made of the device; the device is closed already. */
  end(): Promise<void>
}

const name = 'castellan_2026-11-30T02-30-00Z_0.1.0_alpha.tar.gz.age'
const never = new AbortController().signal

/** Writes a file whole. */
export async function store(
  device: Device,
  name: string,
  chunks: readonly Uint8Array[],
  signal: AbortSignal = never,
): Promise<void> {
  const writer = await device.create(name, signal)
  try {
    for (const chunk of chunks) await writer.write(chunk)
    await writer.commit()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

export async function contentOf(device: Device, name: string, from = 0): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of device.read(name, from, never)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

export async function namesOn(device: Device): Promise<string[]> {
  return (await device.list(never)).map((file) => file.name).sort()
}

/** The DeviceError that something rejects with. */
export async function deviceErrorOf(running: Promise<unknown>): Promise<DeviceError> {
  const error = await running.then(
    () => assert.fail('expected a DeviceError, and it succeeded'),
    (error: unknown) => error,
  )
  if (!(error instanceof DeviceError)) throw error
  return error
}

export function deviceContract(
  kind: string,
  make: () => Promise<DeviceUnderTest>,
  { skip = false }: { readonly skip?: string | false } = {},
): void {
  const it = (what: string, prove: (device: Device) => Promise<void>): void =>
    void test(what, { skip }, async () => {
      const { device, end } = await make()
      try {
        await prove(device)
      } finally {
        await device.close()
        await end()
      }
    })
  describe(`a backup device, ${kind}`, () => {
    it('keeps what was written, in pieces of any size, and tells its size and time', async (device) => {
      const chunks = [1, 0, 70_000, 300_000, 5].map((octets) => randomBytes(octets))
      await store(device, name, chunks)
      const whole = Buffer.concat(chunks)
      assert.deepEqual(await contentOf(device, name), whole)
      const [file] = await device.list(never)
      assert.deepEqual(identityOf(file), { name, octets: whole.length })
      assert.ok(Math.abs((file?.modifiedMs ?? 0) - Date.now()) < 3_600_000, 'its time is about now')
    })

    it('keeps an empty file', async (device) => {
      await store(device, name, [])
      assert.equal((await contentOf(device, name)).length, 0)
      assert.deepEqual(await namesOn(device), [name])
    })

    it('reads from the octet that is asked for on, and nothing from the end on', async (device) => {
      const whole = randomBytes(600_000)
      await store(device, name, [whole])
      assert.deepEqual(await contentOf(device, name, 299_999), whole.subarray(299_999))
      assert.equal((await contentOf(device, name, whole.length)).length, 0)
    })

    it('does not show a file under its name before it is whole', async (device) => {
      const writer = await device.create(name, never)
      await writer.write(randomBytes(100_000))
      assert.ok(!(await namesOn(device)).includes(name))
      await writer.commit()
      assert.deepEqual(await namesOn(device), [name])
    })

    it('leaves nothing of a file that is given up, and the older one of its name as it was', async (device) => {
      await store(device, name, [Buffer.from('the older one')])
      const writer = await device.create(name, never)
      await writer.write(randomBytes(100_000))
      await writer.abort()
      await writer.abort()
      assert.deepEqual(await namesOn(device), [name])
      assert.equal((await contentOf(device, name)).toString(), 'the older one')
    })

    it('replaces an older file of the same name, and a draft that was left behind', async (device) => {
      await store(device, name, [Buffer.from('the older and longer one')])
      await store(device, `${name}${draftSuffix}`, [Buffer.from('left behind')])
      await store(device, name, [Buffer.from('the newer one')])
      assert.equal((await contentOf(device, name)).toString(), 'the newer one')
      assert.deepEqual(await namesOn(device), [name])
    })

    it('removes a file, and finds nothing wrong when there is none', async (device) => {
      await store(device, name, [Buffer.from('one')])
      await store(device, 'other', [Buffer.from('two')])
      await device.remove(name, never)
      await device.remove(name, never)
      assert.deepEqual(await namesOn(device), ['other'])
    })

    it('says that a file is missing when it is read', async (device) => {
      const error = await deviceErrorOf(contentOf(device, name))
      assert.equal(error.fault, 'pathMissing')
      assert.match(error.message, new RegExp(`^device ${device.name}: cannot read ${name}`))
    })

    it('refuses names that lead out of its folder', async (device) => {
      for (const wrong of ['../out', 'a/b', '/etc/out', '', '.', '..'])
        await assert.rejects(store(device, wrong, [Buffer.from('x')]), `${JSON.stringify(wrong)} was taken`)
      assert.deepEqual(await namesOn(device), [])
    })

    it('keeps and lists names with spaces, quotes and letters of other alphabets', async (device) => {
      const odd = ['a b', `it's "so"`, 'Größe', '日本', '-rf', '.hidden', 'a\\b']
      for (const one of odd) await store(device, one, [Buffer.from(one)])
      assert.deepEqual(await namesOn(device), odd.toSorted())
      for (const one of odd) assert.equal((await contentOf(device, one)).toString(), one)
    })

    it('ends with the reason of the signal that ends it', async (device) => {
      const abort = new AbortController()
      const writer = await device.create(name, abort.signal)
      await writer.write(randomBytes(1000))
      const reason = new Error('nobody wants it any more')
      abort.abort(reason)
      await assert.rejects(writer.write(randomBytes(1000)), reason)
      await assert.rejects(writer.commit(), reason)
      await writer.abort()
      await assert.rejects(device.list(abort.signal), reason)
      await assert.rejects(device.create(name, abort.signal), reason)
      await assert.rejects(device.remove(name, abort.signal), reason)
      await assert.rejects(device.validate(abort.signal), reason)
      assert.deepEqual(await namesOn(device), [])
    })

    it('ends a reader early when nobody takes more', async (device) => {
      await store(device, name, [randomBytes(2_000_000)])
      for await (const chunk of device.read(name, 0, never)) {
        assert.ok(chunk.length > 0)
        break
      }
      assert.deepEqual(await namesOn(device), [name])
    })

    it('is validated step by step, leaves no trace of it, and tells the free space where it can', async (device) => {
      await store(device, name, [Buffer.from('kept')])
      const report = await device.validate(never)
      const steps = report.steps.map(({ step }) => step)
      assert.deepEqual(
        steps.filter((step) => ['write', 'rename', 'readBack'].includes(step)),
        ['write', 'rename', 'readBack'],
      )
      assert.ok(report.steps.every(({ found }) => found !== ''))
      const freeBytes = await device.freeBytes(never)
      assert.equal(freeBytes === undefined, report.freeBytes === undefined)
      assert.deepEqual(await namesOn(device), [name])
    })
  })
}

function identityOf(file: StoredFile | undefined) {
  return file && { name: file.name, octets: file.octets }
}

/** The disk of the registrations is full, read-only, gone or does not answer: nobody waits for it, and nobody in memory is forgotten. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openCopy } from '../../lib/sql/copy.ts'
import { bindingMigrations } from '../../sipd/location/bindings-file.ts'
import { runBin, until } from '../support/appliance.ts'
import { bindingsOf, exchange, openUdp, registerOver, requestText, statusOf } from '../support/sip-client.ts'
import { ofSipdAlone, type SipServer, withSipServer } from '../support/sip-under-test.ts'

const contactOf = (user: string): string => `sip:${user}@127.0.0.1:9`
const five = (name: string): string[] => Array.from({ length: 5 }, (_, i) => `${name}${i}`)
const [before, meanwhile] = [five('before'), five('meanwhile')]

async function registerAll(server: SipServer, users: readonly string[]): Promise<void> {
  const client = await openUdp(server)
  for (const user of users) await registerOver(client, { user, contact: contactOf(user) })
  client.close()
}

async function known(server: SipServer, users: readonly string[]): Promise<string[]> {
  const client = await openUdp(server)
  const found: string[] = []
  for (const user of users) if ((await bindingsOf(client, user)).includes(contactOf(user))) found.push(user)
  client.close()
  return found
}

const sip = (server: SipServer, command: string) => runBin('sip', [command, '--home', server.home!])

/** A sipd whose registrations have a small disk of their own. */
async function withDisk(workers: number, run: (server: SipServer, disk: Disk) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', folder])
  const disk = new Disk(folder)
  try {
    await withSipServer({ workers, more: [`Cisco_Registry_Rendezvous_Directory ${folder}`] }, (server) =>
      run(server, disk),
    )
  } finally {
    while (spawnSync('umount', ['-l', folder]).status === 0);
    rmSync(folder, { recursive: true, force: true })
  }
}

class Disk {
  readonly folder: string
  readonly file: string
  readonly #filler: string

  constructor(folder: string) {
    this.folder = folder
    this.file = join(folder, 'registry_db.sqlite')
    this.#filler = join(folder, 'filler')
  }

  fill(): void {
    assert.throws(
      () => {
        for (;;) appendFileSync(this.#filler, Buffer.alloc(4096))
      },
      { code: 'ENOSPC' },
    )
    assert.equal(statfsSync(this.folder).bavail, 0)
  }

  empty(): void {
    rmSync(this.#filler)
  }

  remount(how: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${how}`, this.folder])
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder])
  }

  /** Users in the file. */
  get users(): number {
    if (!existsSync(this.file)) return 0
    const database = openCopy(this.file, bindingMigrations)
    try {
      return database.prepare('SELECT count(DISTINCT address_of_record) FROM binding').pluck().get() as number
    } finally {
      database.close()
    }
  }
}

/** Registers on a disk that does not take it, hands over several times, and gives the disk back. */
async function goOn(server: SipServer, disk: Disk, mend: () => void): Promise<void> {
  const all = [...before, ...meanwhile]
  await registerAll(server, meanwhile)
  for (let i = 0; i < 3; i++) {
    await server.graceful()
    assert.deepEqual(await known(server, all), all, `after graceful restart ${i + 1}`)
  }
  assert.equal((await sip(server, 'status')).code, 0)
  assert.doesNotMatch(server.log(), /did not hand over|did not say/)
  mend()
  await until(() => disk.users === all.length, 45_000, 'all registrations on disk')
  assert.equal((await sip(server, 'restart')).code, 0)
  assert.deepEqual(await known(server, all), all, 'after sip restart')
}

const asRoot = process.getuid?.() === 0 ? ofSipdAlone : { skip: 'mounting a small disk needs root' }

for (const workers of [1, 3])
  describe(`${workers} of sipd, and the disk of their registrations`, asRoot, () => {
    test('is full: a start reads what is there, and graceful restarts pass on what is not', () =>
      withDisk(workers, async (server, disk) => {
        await registerAll(server, before)
        assert.equal((await sip(server, 'stop')).code, 0)
        disk.fill()
        await server.start()
        assert.deepEqual(await known(server, before), before)
        await goOn(server, disk, () => disk.empty())
      }))

    test('is full after a kill: what its log had is there as well', () =>
      withDisk(workers, async (server, disk) => {
        await registerAll(server, before)
        await until(() => disk.users === before.length, 5000, 'the registrations on disk')
        disk.fill()
        process.kill(server.pid(), 'SIGKILL')
        await server.start()
        assert.deepEqual(await known(server, before), before)
        await goOn(server, disk, () => disk.empty())
      }))

    test('is read-only: the same', () =>
      withDisk(workers, async (server, disk) => {
        await registerAll(server, before)
        assert.equal((await sip(server, 'stop')).code, 0)
        disk.remount('ro')
        await server.start()
        assert.deepEqual(await known(server, before), before)
        await goOn(server, disk, () => disk.remount('rw'))
      }))

    test('is gone: graceful restarts pass on all, and a new file gets all', () =>
      withDisk(workers, async (server, disk) => {
        await registerAll(server, before)
        disk.unmount()
        await goOn(server, disk, () => {})
      }))

    test('does not answer: a start serves without it, and knows who was registered once it does', () =>
      withDisk(workers, async (server, disk) => {
        await registerAll(server, before)
        assert.equal((await sip(server, 'stop')).code, 0)
        const aside = join(disk.folder, 'aside')
        renameSync(disk.file, aside)
        // Who opens a FIFO that nobody writes waits, as on a server that is away.
        execFileSync('mkfifo', [disk.file])
        await server.start()
        const client = await openUdp(server)
        assert.equal(statusOf(await exchange(client, requestText('OPTIONS', 'sip:example.test', client))), 200)
        client.close()
        assert.match(server.log(), /the disk of the registrations does not answer/)
        const fifo = join(disk.folder, 'fifo')
        renameSync(disk.file, fifo)
        renameSync(aside, disk.file)
        const writer = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
        writeSync(writer, 'x'.repeat(workers))
        await until(async () => (await known(server, before)).length === before.length, 10_000, 'those of before')
        closeSync(writer)
      }))
  })

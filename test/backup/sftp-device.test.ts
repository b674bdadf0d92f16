/** An SFTP server as a backup device: OpenSSH itself, with all that can be wrong with one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ChildDevice } from '../../backup/device/child/child-device.ts'
import { usualLimits } from '../../backup/device/sftp/connection.ts'
import { SftpDevice } from '../../backup/device/sftp/device.ts'
import type { NetworkDirectory } from '../../lib/backup/settings.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { contentOf, deviceContract, deviceErrorOf, namesOn, store } from '../support/device-contract.ts'
import { freePorts } from '../support/sip-ports.ts'
import { noSshd, noSshdAsRoot, Sshd, type SshdOptions } from '../support/sshd.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const never = new AbortController().signal

/** A folder that the server serves, where every user may go. */
function makeFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'castellan-far-'))
  chmodSync(path, 0o755)
  return path
}

const shared = new Map<string, Promise<Sshd>>()

/** One server of each kind for the whole file. */
function serverOf(kind: string, options: SshdOptions = {}): Promise<Sshd> {
  const server = shared.get(kind) ?? Sshd.start(options)
  shared.set(kind, server)
  return server
}

after(async () => {
  for (const server of shared.values()) await (await server).stop()
})

const direct = (settings: NetworkDirectory) => new SftpDevice(settings, commandClock)
const byChild = (settings: NetworkDirectory) => new ChildDevice(settings, commandClock)

for (const [kind, options, make] of [
  ['OpenSSH', {}, direct],
  ['OpenSSH without posix-rename and fsync', { subsystem: 'internal-sftp -P posix-rename,fsync' }, direct],
  ['OpenSSH, by a child without root', {}, byChild],
] as const)
  deviceContract(
    kind,
    async () => {
      const path = makeFolder()
      const settings = (await serverOf(kind, options)).settings(path)
      return {
        device: make(settings),
        end: () => rm(path, { recursive: true, force: true }),
      }
    },
    { skip: noSshd },
  )

/** A device on the usual server, changed as the test says, and a folder of its own. */
async function withDevice(
  more: Partial<NetworkDirectory>,
  prove: (at: { device: SftpDevice; path: string; server: Sshd }) => Promise<void>,
  { server: starting = serverOf('OpenSSH'), limits = usualLimits } = {},
): Promise<void> {
  const path = makeFolder()
  const server = await starting
  const device = new SftpDevice(server.settings(path, more), commandClock, limits)
  try {
    await prove({ device, path, server })
  } finally {
    await device.close()
    await rm(path, { recursive: true, force: true })
  }
}

describe('logging in to an SFTP server', { skip: noSshd }, () => {
  test('a validation goes through every step, and tells the key of the server and the free space', () =>
    withDevice({}, async ({ device, path, server }) => {
      const { steps, hostKey, freeBytes } = await device.validate(never)
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['resolve', 'connect', 'hostKey', 'logIn', 'path', 'write', 'rename', 'readBack', 'freeSpace'],
      )
      assert.equal(hostKey, server.fingerprint)
      assert.match(steps[2]?.found ?? '', /^the server shows SHA256:\S{43} \(ssh-ed25519\)$/)
      assert.ok((freeBytes ?? 0) > 0)
      assert.deepEqual(readdirSync(path), [])
    }))

  test('a password is taken, and a wrong one is said to be refused', { skip: noSshdAsRoot }, () => {
    const password = 'a "pass" word'
    return withDevice(
      { password, privateKey: '' },
      async ({ device, path, server }) => {
        await store(device, 'one', [Buffer.from('by password')])
        assert.equal(readFileSync(join(path, 'one'), 'utf8'), 'by password')
        const settings = server.settings(path, { password: 'guessed', privateKey: '' })
        const error = await deviceErrorOf(new SftpDevice(settings, commandClock).validate(never))
        assert.deepEqual([error.fault, error.step], ['authFailed', 'logIn'])
        assert.match(
          error.message,
          /^device far: cannot log in to 127\.0\.0\.1 port \d+: the server refused the password of \w+; check the user name and the password$/,
        )
        assert.doesNotMatch(error.message, /guessed/)
      },
      { server: serverOf('password', { password }) },
    )
  })

  test('a key that the server does not know is said to be refused, and one that it cannot be is not tried', () =>
    withDevice({}, async ({ path, server }) => {
      const other = await serverOf('other')
      const refused = await deviceErrorOf(
        new SftpDevice(server.settings(path, { privateKey: other.privateKey }), commandClock).list(never),
      )
      assert.deepEqual([refused.fault, refused.step], ['authFailed', 'logIn'])
      assert.match(
        refused.message,
        /the server refused the private key of .*; check the user name, and that the key is in/,
      )
      const broken = await deviceErrorOf(
        new SftpDevice(server.settings(path, { privateKey: 'no key' }), commandClock).list(never),
      )
      assert.deepEqual([broken.fault, broken.step], ['authFailed', 'logIn'])
      assert.match(broken.message, /cannot use the private key: .*; give the whole file that ssh-keygen wrote$/)
    }))

  test('a server that takes no passwords is said to take keys', () =>
    withDevice({ password: 'secret', privateKey: '' }, async ({ device }) => {
      const error = await deviceErrorOf(device.list(never))
      assert.match(
        error.message,
        /the server takes publickey from .*, and the device has a password; give the device a private key$/,
      )
    }))
})

describe('the host key of an SFTP server', { skip: noSshd }, () => {
  test('without a pinned key a job refuses with the one that is shown, and a validation succeeds', () =>
    withDevice({ hostKey: '' }, async ({ device, server }) => {
      const error = await deviceErrorOf(device.list(never))
      assert.deepEqual([error.fault, error.step], ['authFailed', 'hostKey'])
      assert.ok(error.message.includes(`no host key is pinned for it, and the server shows ${server.fingerprint}`))
      assert.match(error.message, /validate the device to pin it$/)
      assert.equal((await device.validate(never)).hostKey, server.fingerprint)
      assert.equal((await deviceErrorOf(device.list(never))).step, 'hostKey')
    }))

  test('a changed key is refused with both fingerprints before anything secret is sent, by a validation too', () =>
    withDevice({}, async ({ path, server }) => {
      const other = await serverOf('other')
      const device = new SftpDevice(server.settings(path, { hostKey: other.fingerprint }), commandClock)
      for (const attempt of [() => device.list(never), () => device.validate(never)]) {
        const error = await deviceErrorOf(attempt())
        assert.deepEqual([error.fault, error.step], ['authFailed', 'hostKey'])
        assert.ok(
          error.message.includes(
            `its host key has changed: the server shows ${server.fingerprint} (ssh-ed25519), and ${other.fingerprint} is pinned`,
          ),
          error.message,
        )
      }
    }))
})

describe('the way to an SFTP server', { skip: noSshd }, () => {
  const unusual = (settings: Partial<NetworkDirectory>, limits = {}) =>
    deviceErrorOf(
      (async () => {
        const server = await serverOf('OpenSSH')
        const device = new SftpDevice(server.settings('/', settings), commandClock, { ...usualLimits, ...limits })
        return device.validate(never)
      })(),
    )

  test('a name that nobody knows is said to be so', async () => {
    const error = await unusual({ server: 'no-such-server.invalid' })
    assert.deepEqual([error.fault, error.step], ['unreachable', 'resolve'])
    assert.match(error.message, /^device far: cannot find the address of no-such-server\.invalid: .*; check /)
  })

  test('a port where nothing listens is said to be so', async () => {
    const port = await freePorts(1)
    const error = await unusual({ port })
    assert.deepEqual([error.fault, error.step], ['unreachable', 'connect'])
    assert.match(
      error.message,
      new RegExp(`cannot connect to 127\\.0\\.0\\.1 port ${port}: 127\\.0\\.0\\.1: nothing listens there; check`),
    )
  })

  test('a server that takes the connection and says nothing is given up', async () => {
    const proxy = await TcpProxy.start((await serverOf('OpenSSH')).port)
    try {
      proxy.after = 0
      proxy.what = 'stall'
      const error = await unusual({ port: proxy.port }, { logInMs: 300 })
      assert.deepEqual([error.fault, error.step], ['unreachable', 'connect'])
      assert.match(error.message, /cannot speak SSH with .*: no answer within 0\.3 s; check/)
    } finally {
      await proxy.stop()
    }
  })

  test('a server with old algorithms only is told apart, with both lists, and served where the device allows them', async () => {
    const config = ['KexAlgorithms diffie-hellman-group1-sha1', 'HostKeyAlgorithms ssh-rsa', 'Ciphers 3des-cbc']
    const server = serverOf('old', { config, keyType: 'rsa' })
    await withDevice(
      {},
      async ({ device, path }) => {
        const error = await deviceErrorOf(device.validate(never))
        assert.deepEqual([error.fault, error.step], ['unreachable', 'connect'])
        assert.match(
          error.message,
          /cannot speak SSH with 127\.0\.0\.1 port \d+: the server offers only diffie-hellman-group1-sha1 for key exchange; this client offers curve25519-sha256@libssh\.org, [^;]*; enable one of these on the server \(KexAlgorithms in its sshd_config\), or set drsDeviceAllowOldAlgorithms of this device \(utils disaster_recovery device change NAME --allow-old-algorithms yes\)$/,
        )
        assert.doesNotMatch(error.message, /ext-info|kex-strict/)
        const allowing = new SftpDevice((await server).settings(path, { allowsOldAlgorithms: true }), commandClock)
        await store(allowing, 'one', [Buffer.from('by old means')])
        await allowing.close()
        assert.equal(readFileSync(join(path, 'one'), 'utf8'), 'by old means')
      },
      { server },
    )
  })

  test('a server without SFTP is said to be so', () =>
    withDevice(
      {},
      async ({ device }) => {
        const error = await deviceErrorOf(device.list(never))
        assert.deepEqual([error.fault, error.step], ['unreachable', 'logIn'])
        assert.match(error.message, /cannot open an SFTP session on .*; enable it on the server/)
      },
      { server: serverOf('no subsystem', { subsystem: '/bin/false' }) },
    ))
})

describe('the folder on an SFTP server', { skip: noSshd }, () => {
  test('one that is missing, or a file, is said to be so', () =>
    withDevice({}, async ({ path, server }) => {
      writeFileSync(join(path, 'file'), '')
      for (const wrong of ['none', 'file']) {
        const device = new SftpDevice(server.settings(join(path, wrong)), commandClock)
        const error = await deviceErrorOf(device.validate(never))
        assert.deepEqual([error.fault, error.step], ['pathMissing', 'path'])
        assert.match(error.message, new RegExp(`cannot use ${join(path, wrong)} on 127\\.0\\.0\\.1: .*path$`))
      }
    }))

  test('one that the account may not write is said to be so', { skip: noSshdAsRoot }, () =>
    withDevice({ userName: 'nobody' }, async ({ device }) => {
      const error = await deviceErrorOf(device.validate(never))
      assert.deepEqual([error.fault, error.step], ['notWritable', 'write'])
      assert.match(
        error.message,
        /cannot write castellan_check_\w+ in .*: the server denies permission; give the account/,
      )
    }),
  )

  test('one that becomes full, or is read-only, is said to be so; nothing half-written stays, and what was there does', {
    skip: noSshdAsRoot,
  }, async () => {
    const path = makeFolder()
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'castellan-test', path]).status, 0)
    const server = await Sshd.start()
    const device = new SftpDevice(server.settings(path), commandClock)
    try {
      await store(device, 'earlier', [Buffer.from('earlier')])
      const full = await deviceErrorOf(store(device, 'one', [randomBytes(8_000_000)]))
      assert.deepEqual([full.fault, full.step], ['full', 'write'])
      assert.match(
        full.message,
        /cannot write one in .*: no space is left on the server; remove files there, or keep fewer/,
      )
      assert.deepEqual(await namesOn(device), ['earlier'])
      assert.equal((await contentOf(device, 'earlier')).toString(), 'earlier')
      spawnSync('mount', ['-o', 'remount,ro', path])
      const readOnly = await deviceErrorOf(device.validate(never))
      assert.deepEqual([readOnly.fault, readOnly.step], ['notWritable', 'write'])
      assert.match(readOnly.message, /the file system is read-only on the server/)
    } finally {
      await device.close()
      await server.stop()
      spawnSync('umount', [path])
      await rm(path, { recursive: true })
    }
  })
})

describe('a connection to an SFTP server that fails', { skip: noSshd }, () => {
  const quick = { ...usualLimits, keepAliveMs: 100 }

  async function throughProxy(
    prove: (at: { device: SftpDevice; path: string; proxy: TcpProxy }) => Promise<void>,
  ): Promise<void> {
    const server = await serverOf('OpenSSH')
    const proxy = await TcpProxy.start(server.port)
    try {
      await withDevice({ port: proxy.port }, ({ device, path }) => prove({ device, path, proxy }), { limits: quick })
    } finally {
      await proxy.stop()
    }
  }

  test('one that is cut while a file is written ends the upload; the draft is removed by another connection', () =>
    throughProxy(async ({ device, path, proxy }) => {
      await store(device, 'earlier', [Buffer.from('earlier')])
      proxy.after = proxy.octets + 3_000_000
      const writer = await device.create('one', never)
      const error = await deviceErrorOf(
        (async () => {
          for (let round = 0; round < 100; round++) await writer.write(randomBytes(100_000))
          await writer.commit()
        })(),
      )
      assert.deepEqual([error.fault, error.step], ['unreachable', 'write'])
      assert.match(error.message, /cannot write one in .*: the connection was lost: .*; check the network and the log/)
      assert.ok(readdirSync(path).includes('one.part'))
      proxy.after = Number.POSITIVE_INFINITY
      await writer.abort()
      assert.deepEqual(readdirSync(path), ['earlier'])
      assert.equal(readFileSync(join(path, 'earlier'), 'utf8'), 'earlier')
      assert.equal(proxy.connections, 2)
    }))

  test('a server that no longer answers is given up by its keep-alive', () =>
    throughProxy(async ({ device, path, proxy }) => {
      const writer = await device.create('one', never)
      proxy.after = proxy.octets
      proxy.what = 'stall'
      const error = await deviceErrorOf(
        (async () => {
          for (let round = 0; round < 100; round++) await writer.write(randomBytes(100_000))
          await writer.commit()
        })(),
      )
      assert.deepEqual([error.fault, error.step], ['unreachable', 'write'])
      assert.match(error.message, /the connection was lost: Keepalive timeout/)
      proxy.after = Number.POSITIVE_INFINITY
      await writer.abort()
      assert.deepEqual(readdirSync(path), [])
    }))

  test('one whose keys the server changes again and again keeps every octet', () =>
    withDevice(
      {},
      async ({ device, path }) => {
        const content = randomBytes(12_000_000)
        await store(device, 'one', [content])
        assert.ok(content.equals(readFileSync(join(path, 'one'))))
        assert.ok(content.equals(await contentOf(device, 'one')))
      },
      { server: serverOf('rekeying', { config: ['RekeyLimit 1M'] }) },
    ))

  test('one that was cut while nothing was asked is made again', () =>
    throughProxy(async ({ device, proxy }) => {
      await store(device, 'one', [Buffer.from('x')])
      proxy.cutAll()
      // Whether the cut is noticed by the next request or before it, one more request finds a new connection.
      await device.list(never).catch(() => {})
      assert.deepEqual(await namesOn(device), ['one'])
    }))
})

/** SFTP servers that are not OpenSSH: they have no extensions, ask for the password, and send what they like. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SftpDevice } from '../../backup/device/sftp/device.ts'
import { fingerprintOf, whyNotTrusted } from '../../backup/device/sftp/host-key.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { deviceContract, deviceErrorOf } from '../support/device-contract.ts'
import { type QuirkyOptions, QuirkySftp } from '../support/quirky-sftp.ts'
import { noSshd } from '../support/sshd.ts'

const never = new AbortController().signal

async function validated(server: QuirkySftp): Promise<SftpDevice> {
  const settings = await server.start()
  const { hostKey = '' } = await new SftpDevice(settings, commandClock).validate(never)
  return new SftpDevice({ ...settings, hostKey }, commandClock)
}

deviceContract(
  'a server with quirks',
  async () => {
    const server = new QuirkySftp()
    return { device: await validated(server), end: () => server.stop() }
  },
  { skip: noSshd },
)

describe('a server that asks for more than a password', { skip: noSshd }, () => {
  async function refusedBy(options: QuirkyOptions, password?: string): Promise<string> {
    const server = new QuirkySftp(options)
    try {
      const settings = await server.start()
      const device = new SftpDevice({ ...settings, ...(password !== undefined && { password }) }, commandClock)
      const error = await deviceErrorOf(device.validate(never))
      assert.deepEqual([error.fault, error.step], ['authFailed', 'logIn'])
      return error.message
    } finally {
      await server.stop()
    }
  }

  test('is said to ask for it', async () => {
    assert.match(
      await refusedBy({ prompts: ['Password: ', 'One-time\u001b code: '] }),
      /the server asks someone for more than a password: Password: One-time\\x1b code:; use a private key/,
    )
  })

  test('is told from one that refuses the password', async () => {
    assert.match(await refusedBy({}, 'wrong'), /the server refused the password of someone; check the user name/)
  })

  test('is told from a device that has none', async () => {
    assert.match(
      await refusedBy({}, ''),
      /the server takes keyboard-interactive from someone, and the device has neither .*; give the device a password$/,
    )
  })
})

test('a pinned key is the one that is shown, with or without the padding of base64', () => {
  const key = Buffer.from('\0\0\0\u000bssh-ed25519 and more', 'latin1')
  const shown = fingerprintOf(key)
  assert.match(shown, /^SHA256:[A-Za-z0-9+/]{43}$/)
  assert.equal(whyNotTrusted(key, { pinned: shown, mustBePinned: true }), undefined)
  assert.equal(whyNotTrusted(key, { pinned: `${shown}=`, mustBePinned: true }), undefined)
  assert.match(whyNotTrusted(key, { pinned: 'SHA256:x', mustBePinned: false })?.reason ?? '', /\(ssh-ed25519\)/)
})

/** What the two sides of SSH offer each other (RFC 4253 §7.1), and the sentence for when they have nothing in common. */
import type { Algorithms } from 'ssh2'
import type { Failure } from '../failure.ts'

interface Category {
  /** In ssh2's error, and in the lines that it prints for debugging. */
  readonly failed: RegExp
  readonly listed: string
  /** For people, and the directive of sshd_config(5). */
  readonly called: string
  readonly directive: string
}

const categories: readonly Category[] = [
  { failed: /key exchange/, listed: 'KEX method', called: 'key exchange', directive: 'KexAlgorithms' },
  { failed: /host key format/, listed: 'Host key format', called: 'host keys', directive: 'HostKeyAlgorithms' },
  { failed: /C->S cipher/, listed: 'C->S cipher', called: 'encryption', directive: 'Ciphers' },
  { failed: /S->C cipher/, listed: 'S->C cipher', called: 'encryption', directive: 'Ciphers' },
  { failed: /C->S MAC/, listed: 'C->S MAC', called: 'integrity', directive: 'MACs' },
  { failed: /S->C MAC/, listed: 'S->C MAC', called: 'integrity', directive: 'MACs' },
]

/** Marks of extensions that stand among the methods of key exchange. */
const noAlgorithm = /^(?:ext-info-[cs]|kex-strict-)/

/** Undefined when it failed for another reason. `lines` are those that ssh2 printed meanwhile. */
export function noCommonAlgorithm(
  message: string,
  lines: readonly string[],
  { allowsOld }: { readonly allowsOld: boolean },
): Failure | undefined {
  if (!/no matching/i.test(message)) return undefined
  const category = categories.find(({ failed }) => failed.test(message))
  if (!category) return undefined
  const { listed, called, directive } = category
  const listOf = (side: 'local' | 'remote'): string[] => {
    const prefix = `Handshake: (${side}) ${listed}: `
    const line = lines.find((one) => one.startsWith(prefix)) ?? prefix
    return line
      .slice(prefix.length)
      .split(',')
      .filter((name) => name !== '' && !noAlgorithm.test(name))
  }
  const ours = listOf('local')
  return {
    fault: 'unreachable',
    reason: `the server offers only ${listOf('remote').join(', ')} for ${called}; this client offers ${ours.join(', ')}`,
    advice: `enable one of these on the server (${directive} in its sshd_config)${
      allowsOld
        ? ''
        : ', or set drsDeviceAllowOldAlgorithms of this device (utils disaster_recovery device change NAME --allow-old-algorithms yes)'
    }`,
  }
}

/** Broken or weak by now, and all that servers of around 2010 have. */
export const oldAlgorithms: Algorithms = {
  kex: {
    append: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1', 'diffie-hellman-group1-sha1'],
    prepend: [],
    remove: [],
  },
  serverHostKey: { append: ['ssh-dss'], prepend: [], remove: [] },
  cipher: { append: ['aes256-cbc', 'aes128-cbc', '3des-cbc'], prepend: [], remove: [] },
}

/** utils disaster_recovery node: other machines that are backed up together with this one. */
import { defineCommand } from '../../../lib/cli/command.ts'
import { CommandFailure, type ExitCode, exitCodes, UsageError } from '../../../lib/cli/exit-codes.ts'
import { json, parsedOr, text, textOr, wholeNumber } from '../../../lib/cli/options.ts'
import { print, show } from '../../../lib/cli/print.ts'
import type { Home } from '../../../lib/home/home.ts'
import { printable } from '../../../lib/text/escape.ts'
import { type Row, rowsOf, setRows } from './ask.ts'
import { type AdminOptions, addNode, adminOf, asAdmin } from './node-add.ts'
import { removeUser } from './node-user.ts'

export const nodeCommand = defineCommand({
  name: 'node',
  operands: '<action> [host]',
  summary: 'add, list or remove another machine that is backed up together with this one',
  details:
    'add takes the name or the address of the machine. --user is a user of group admin there (castellan user add NAME --group admin), whose passphrases come from --passphrase-file, from CASTELLAN_AUTH_PASSPHRASE and CASTELLAN_PRIV_PASSPHRASE, or from the terminal, and are kept nowhere: it makes a user for this machine, with keys of its own. Added again, a node gets new keys. remove takes the name of the node, and with --user removes the user there too.',
  example: 'utils disaster_recovery node add sip2.example.com --user boss',
  exitCodes: {
    1: 'there is no such node, or it cannot be one',
    3: 'the machine does not answer',
    4: 'refused: the machine does not take the user, or runs another version',
  },
  options: {
    user: text('--user <name>', 'of group admin on that machine'),
    port: parsedOr('--port <n>', 'of its SNMP agent', wholeNumber, 161),
    auth: textOr('--auth <protocol>', 'of that user', 'SHA-256'),
    priv: textOr('--priv <protocol>', 'of that user', 'AES'),
    passphraseFile: text(
      '--passphrase-file <file>',
      'authentication passphrase in the first line, privacy passphrase in the second',
    ),
    json,
  },
  async run({ home, operands: [action, host = ''], options }) {
    if (action === 'list') return list(home, options.json)
    if (action !== 'add' && action !== 'remove') throw new UsageError('expected add, list or remove')
    if (host === '') throw new UsageError('expected the machine')
    if (action === 'remove') return remove(home, host, options)
    print(await addNode(home, host, options))
    return exitCodes.ok
  },
})

async function list(home: Home, isJson: boolean): Promise<ExitCode> {
  const nodes = (await rowsOf(home, 'drsNodeTable')).map((row) => ({
    name: row.get('drsNodeName'),
    host: row.get('drsNodeHost'),
    port: Number(row.get('drsNodePort')),
    user: row.get('drsNodeUserName'),
    status: row.get('drsNodeOperStatus'),
    version: row.get('drsNodeVersion'),
    lastSeen: row.get('drsNodeLastSeen'),
    error: row.get('drsNodeError'),
  }))
  const line = ({ name, host, port, status, error }: (typeof nodes)[number]): string =>
    `${printable(`${name}: ${host} port ${port}, ${status}${error === '' ? '' : `: ${error}`}`)}\n`
  show(nodes, isJson, () => nodes.map(line).join('') || 'there are no other nodes\n')
  return exitCodes.ok
}

async function remove(home: Home, name: string, options: AdminOptions): Promise<ExitCode> {
  const row = await nodeNamed(home, name)
  const user = row.get('drsNodeUserName')
  if (options.user !== undefined)
    await asAdmin(row.get('drsNodeHost'), Number(row.get('drsNodePort')), await adminOf(options), (manager) =>
      removeUser(manager, user),
    )
  await setRows(home, [[`drsNodeRowStatus.${row.index[0]}`, 'destroy']])
  print(`removed node ${printable(name)}; its archives are still on the devices\n`)
  if (options.user === undefined)
    print(
      `user ${printable(user)} is still there; on ${printable(name)}, run: castellan user remove ${printable(user)}\n`,
    )
  return exitCodes.ok
}

async function nodeNamed(home: Home, name: string): Promise<Row> {
  const nodes = await rowsOf(home, 'drsNodeTable')
  const found = nodes.find((row) => row.get('drsNodeName') === name)
  if (found) return found
  const known = nodes.map((row) => row.get('drsNodeName')).join(', ')
  throw new CommandFailure(
    `there is no node ${printable(name)}; ${known === '' ? 'add one with: utils disaster_recovery node add' : `known are ${printable(known)}`}`,
  )
}

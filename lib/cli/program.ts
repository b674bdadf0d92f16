/** Runs what a person typed: finds the command among those of a program, reads its options, and gives the exit code. */
import {
  type Argument,
  CommanderError,
  InvalidArgumentError,
  Command as Parser,
  Option as ParserOption,
} from 'commander'
import { messageOf, messageWithCausesOf } from '../errors.ts'
import { resolveHome } from '../home/home.ts'
import { printable } from '../text/escape.ts'
import { programVersion } from '../version.ts'
import type { Command, Group } from './command.ts'
import { CommandFailure, type ExitCode, exitCodeOf, exitCodes, UsageError, usualMeanings } from './exit-codes.ts'
import type { Option } from './options.ts'

export interface Program {
  readonly name: string
  readonly summary: string
  /** Many, in the order of the help, or the one that the program is. */
  readonly commands: readonly (Command | Group)[] | Command
  /** What --version prints: name and version, unless this says otherwise. */
  readonly version?: string
  /** `--home` may stand before the command as well. */
  readonly takesHomeFirst?: boolean
  /** Of errors of the program's own kinds; undefined for all others. */
  exitCodeOf?(error: unknown): ExitCode | undefined
}

const homeFlags = '--home <dir>'
const homeHelp = 'the appliance (CASTELLAN_HOME, or var/ beside the program)'

/** Gives the exit code. What goes wrong is a sentence on standard error. */
export async function runProgram(program: Program, args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const parser = parserOf(program, (code) => {
    exitCode = code
  })
  try {
    await parser.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    return showFailure(program, error)
  }
}

/** The help of a program, or of one of its commands: `helpOf(castellan, 'user', 'add')`. */
export function helpOf(program: Program, ...path: readonly string[]): string {
  let parser: Parser | undefined = parserOf(program, () => {})
  let text = ''
  for (const name of path) parser = parser?.commands.find((one) => one.name() === name)
  parser?.configureOutput({ writeOut: (part) => (text += part) })
  parser?.outputHelp()
  return text
}

function showFailure(program: Program, error: unknown): ExitCode {
  // It has shown itself already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const prefix = error instanceof CommandFailure ? '' : `${program.name}: `
  process.stderr.write(`${prefix}${messageWithCausesOf(error)}\n`)
  return program.exitCodeOf?.(error) ?? exitCodeOf(error)
}

type Report = (exitCode: ExitCode) => void

function parserOf(program: Program, report: Report): Parser {
  const { name, summary, commands, version = `${name} ${programVersion()}`, takesHomeFirst } = program
  const root = settle(new Parser(name), name).version(version)
  if (isCommand(commands)) return configure(root, commands, report)
  root.description(summary).usage(`COMMAND [${homeFlags}]`)
  if (takesHomeFirst) root.addOption(new ParserOption(homeFlags, homeHelp).hideHelp())
  for (const one of commands) {
    if ('commands' in one) addGroup(root, one, program.name, report)
    else configure(settle(root.command(one.name), name), one, report)
  }
  return root.addHelpText('after', `\n${exitCodeLines({})}`)
}

function isCommand(commands: Program['commands']): commands is Command {
  return !Array.isArray(commands)
}

function addGroup(root: Parser, group: Group, programName: string, report: Report): void {
  const parser = settle(root.command(group.name), programName)
    .description(sentence(group.summary))
    .summary(group.summary)
  for (const command of group.commands) {
    const isDefault = command === group.usual
    configure(settle(parser.command(command.name, { isDefault }), programName), command, report)
  }
}

function configure(parser: Parser, command: Command, report: Report): Parser {
  const { operands, usage, summary, details, example, exitCodes: meanings = {}, hasHome = true } = command
  if (operands !== undefined) parser.arguments(operands)
  if (usage !== undefined) parser.usage(usage)
  parser.description(details === undefined ? sentence(summary) : `${sentence(summary)}\n\n${details}`).summary(summary)
  if (hasHome) parser.option(homeFlags, homeHelp)
  const options = Object.entries(command.options).map(([key, option]) => ({ key, option: parserOption(option) }))
  for (const { option } of options) parser.addOption(option)
  parser.addHelpText('after', `\nExample:\n  ${example}\n\n${exitCodeLines(meanings)}`)
  return parser.action(async () => {
    const found = parser.optsWithGlobals<Record<string, unknown>>()
    const values = options.map(({ key, option }) => [
      key,
      found[option.attributeName()] ?? command.options[key]?.defaultValue,
    ])
    const { home } = found
    try {
      report(
        await command.run({
          get home() {
            return resolveHome(typeof home === 'string' ? home : undefined)
          },
          operands: parser.args,
          options: Object.fromEntries(values),
        }),
      )
    } catch (error) {
      if (error instanceof UsageError) parser.error(`error: ${error.message}`)
      throw error
    }
  })
}

function parserOption({
  flags,
  help,
  defaultValue,
  shownDefault,
  parse,
  isHidden = false,
}: Option<unknown>): ParserOption {
  const option = new ParserOption(flags, help).hideHelp(isHidden)
  if (parse)
    option.argParser((text: string) => {
      try {
        return parse(text)
      } catch (error) {
        throw new InvalidArgumentError(messageOf(error))
      }
    })
  // That a flag is off unless it is given need not be said.
  if (defaultValue !== undefined && typeof defaultValue !== 'boolean')
    option.default(defaultValue, shownDefault ?? (defaultValue === '' ? 'none' : String(defaultValue)))
  return option
}

/** What each parser has: errors thrown rather than exits, and named after the program. */
function settle(parser: Parser, name: string): Parser {
  return parser
    .exitOverride()
    .showHelpAfterError()
    .configureHelp({
      minWidthToWrap: 20,
      styleTitle: (title) => (title === 'Usage:' ? 'usage:' : title),
      styleUsage: wrapUsage,
      // Nearly all have options, which their own help shows.
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(humanReadable)].join(' '),
    })
    .configureOutput({ outputError: (text, write) => write(complaint(name, text)) })
}

/** What the parser says of the words that were typed, which cannot end a line; only its suggestion has a line of its own. */
function complaint(name: string, text: string): string {
  const [, message = text, suggestion = ''] = /^(?:error: )?([\s\S]*?)(\n\(Did you mean [^\n]*\))?\n$/.exec(text) ?? []
  return `${name}: ${printable(message)}${suggestion}\n`
}

function exitCodeLines(meanings: Partial<Record<ExitCode, string>>): string {
  const all = Object.entries({ ...usualMeanings, ...meanings })
  const lines = all.map(([code, meaning]) => `  ${code}  ${wrapped(meaning, 75, '     ')}\n`)
  return `Exit codes:\n${lines.join('')}`
}

function humanReadable(argument: Argument): string {
  const word = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${word}>` : `[${word}]`
}

/** Within 80 columns, `usage: ` in front included; words in brackets stay together. */
function wrapUsage(usage: string): string {
  return wrapped(usage, 71, '         ', /\[.*?\](?= |$)|\S+/g)
}

/** Words in lines of so many characters at most, the later ones after a margin. */
function wrapped(text: string, width: number, margin: string, words = /\S+/g): string {
  const lines: string[] = []
  for (const word of text.match(words) ?? []) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${margin}`)
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

/**
 * Text from the network, from files and from other programs made harmless where people and programs read it: it can end no
 * line, close no quote, give a terminal no order and turn the direction of nothing.
 */

/** Longer values are cut: one datagram of 64 KiB is not to be worth 64 KiB of log. */
const longestValue = 1024

// Controls of C0 and C1 with DEL; of Unicode what ends a line, and what turns the direction of what follows (Bidi_Control).
const controls = '\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069'
const control = new RegExp(`[${controls}]`)
const everyControl = new RegExp(`[${controls}]`, 'g')
const unsafe = new RegExp(`["\\\\${controls}]`)
const everyUnsafe = new RegExp(`["\\\\${controls}]`, 'g')
const unsafeInWord = new RegExp(`["\\\\\\s${controls}]`)
const everyUnsafeInWord = new RegExp(`["\\\\\\s${controls}]`, 'g')

const colours = /(\u001b\[\d{1,3}m)/

/** For people, on a line or a terminal: controls become `\n`, `\x1b` or `\u202e`, and all else stays as it is. */
export function printable(text: string): string {
  return control.test(text) ? text.replace(everyControl, escapeCharacter) : text
}

/** What a terminal may be sent whatever it is made of: lines, tabs, and no other control. */
export function terminalText(text: string): string {
  return control.test(text)
    ? text.replace(everyControl, (one) => (one === '\n' || one === '\t' ? one : unicodeEscape(one)))
    : text
}

/** As `terminalText`, with the colours that `paint` gives. */
export function colouredText(text: string): string {
  return text
    .split(colours)
    .map((part, i) => (i % 2 === 0 ? terminalText(part) : part))
    .join('')
}

/** Text in a colour (SGR of ECMA-48, such as 31 for red); what it is made of can bring no colours of its own. */
export function paint(text: string, colour: number): string {
  return `\u001b[${colour}m${printable(text)}\u001b[0m`
}

/** JSON on one line that a terminal can be shown: what it parses to is what was given, to the last character. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  return control.test(json) ? json.replace(everyControl, unicodeEscape) : json
}

/** For a value that stands within quotes: `"` becomes `\"`, controls become `\n`, `\x07` or `\u2028`. */
export function escapeValue(value: string): string {
  const short = shorten(value)
  return unsafe.test(short) ? short.replace(everyUnsafe, escapeCharacter) : short
}

/** For a value that stands without quotes: a blank would begin the next field, so it becomes `\x20`. */
export function escapeWord(value: string): string {
  const short = shorten(value)
  return unsafeInWord.test(short) ? short.replace(everyUnsafeInWord, escapeCharacter) : short
}

function shorten(value: string): string {
  return value.length > longestValue ? `${value.slice(0, longestValue)}...` : value
}

const named: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  return named[character] ?? (code < 0x100 ? `\\x${hexOf(code, 2)}` : unicodeEscape(character))
}

function unicodeEscape(character: string): string {
  return `\\u${hexOf(character.charCodeAt(0), 4)}`
}

function hexOf(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

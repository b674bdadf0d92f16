/** Values from the network made harmless for a log: they can end no line, close no quote and hide no character. */

/** Longer values are cut: one datagram of 64 KiB is not to be worth 64 KiB of log. */
const longestValue = 1024

// Controls of C0 and C1, and those of Unicode that end a line or turn the direction of what follows.
const unsafe = /["\\\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const everyUnsafe = new RegExp(unsafe, 'g')
const unsafeInWord = /["\\\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const everyUnsafeInWord = new RegExp(unsafeInWord, 'g')

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
  const hex = code.toString(16)
  return named[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`)
}

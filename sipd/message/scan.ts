/** Cutting header values at their separators, not inside quoted strings or angle brackets (RFC 3261 §25.1). */

/** The parts of a value between the separator; a quoted string or <...> is never cut. Undefined: a quote is not closed. */
export function split(value: string, separator: string): string[] | undefined {
  const parts: string[] = []
  let start = 0
  let inAngle = false
  for (let at = 0; at < value.length; at++) {
    const character = value[at]
    if (character === '"' && !inAngle) {
      const end = endOfQuoted(value, at)
      if (end < 0) return undefined
      at = end
    } else if (character === '<') inAngle = true
    else if (character === '>') inAngle = false
    else if (character === separator && !inAngle) {
      parts.push(trimBlanks(value.slice(start, at)))
      start = at + 1
    }
  }
  if (inAngle) return undefined
  parts.push(trimBlanks(value.slice(start)))
  return parts
}

/** Without what SIP has for blanks around it; String.trim takes those of Unicode away too, which are characters here. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 0x20) start++
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--
  return end - start === text.length ? text : text.slice(start, end)
}

/** The index of the closing quote of the string that opens at `at`; -1 when there is none. */
export function endOfQuoted(value: string, at: number): number {
  for (let i = at + 1; i < value.length; i++) {
    if (value[i] === '\\') i++
    else if (value[i] === '"') return i
  }
  return -1
}

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/

export function isToken(text: string): boolean {
  return token.test(text)
}

/** Any visible characters but those that separate, or none; or a quoted string (RFC 3261 §25.1: token, host, quoted-string, and leniency). */
const parameterValue = /^(?:[!#-+\--:=?-[\]-~]*|"(?:[^"\\]|\\.)*")$/s

export function isParameterValue(text: string): boolean {
  return parameterValue.test(text)
}

/** `;name=value` parameters; names in lower case. Undefined when one is not of the grammar. */
export function parseParameters(parts: readonly string[]): Map<string, string | undefined> | undefined {
  const parameters = new Map<string, string | undefined>()
  for (const part of parts) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = trimBlanks(equals < 0 ? part : part.slice(0, equals)).toLowerCase()
    const value = equals < 0 ? undefined : trimBlanks(part.slice(equals + 1))
    if (!isToken(name) || (value !== undefined && !isParameterValue(value))) return undefined
    if (!parameters.has(name)) parameters.set(name, value)
  }
  return parameters
}

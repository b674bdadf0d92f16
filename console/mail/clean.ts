/** Texts of others in a mail: host names, sentences and values may hold anything. */

/** Without controls, line separators and what turns the direction of text; of one line, and not too long for a subject. */
export function subjectText(text: string, atMost = 200): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/g, ' ')
    .trim()
  const characters = [...line]
  return characters.length > atMost ? `${characters.slice(0, atMost - 1).join('')}…` : line
}

/** As above, and longer. */
export function bodyText(text: string): string {
  return subjectText(text, 2000)
}

/** For HTML. */
export function htmlText(text: string): string {
  return bodyText(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

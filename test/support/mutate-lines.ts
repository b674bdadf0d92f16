/** Mistakes that people make in configuration files: one line of a text, broken in one of several ways, the same for the same seed. */

type Random = () => number

/** Gives the text with one line changed, and the number of that line from 1. */
export function mutateLine(text: string, random: Random): { readonly text: string; readonly line: number } {
  const lines = text.split('\n')
  const written = [...lines.keys()].filter((i) => /^\s*[^#\s]/.test(lines[i]!))
  const at = pick(written, random)
  const changed = pick(mistakes, random)(lines[at]!, random)
  lines.splice(at, 1, ...changed)
  return { text: lines.join('\n'), line: at + 1 }
}

const mistakes: readonly ((line: string, random: Random) => readonly string[])[] = [
  // A field is left out.
  inWords((words, random) => words.splice(index(words, random), 1)),
  // Two fields change places.
  inWords((words, random) => {
    const [a, b] = [index(words, random), index(words, random)]
    const word = words[a]!
    words[a] = words[b]!
    words[b] = word
  }),
  // A field is written twice.
  inWords((words, random) => {
    const a = index(words, random)
    words.splice(a, 0, words[a]!)
  }),
  // A word is misspelt, a keyword or a reference.
  inWord((word, random) => {
    const a = index([...word], random)
    return pick(
      [word.slice(0, a) + word.slice(a + 1), `${word.slice(0, a)}x${word.slice(a)}`, word.toUpperCase()],
      random,
    )
  }),
  // A number or an address has another digit, none, or another sign.
  inWord((word, random) => {
    const digit = /\d/.exec(word)
    if (!digit) return `${word}1`
    const change = pick(['', '99999999999', '-', 'x', ':', '.'], random)
    return word.slice(0, digit.index) + change + word.slice(digit.index + 1)
  }),
  inWord((word) => word.replace(/[.:]/, (character) => (character === '.' ? ':' : '.'))),
  inWord(() => '-'),
  inWord((_, random) =>
    pick(['0', '-1', '4294967296', '1.3.6.1.99', '[::1]:0', 'tcp:127.77.0.1:0', '"a b"', 'true'], random),
  ),
  // A quote is missing or one too many.
  (line, random) => [line.includes('"') ? line.replace('"', '') : insert(line, '"', random)],
  (line, random) => [insert(line, pick(['\\', '#', '\t', '\0', 'é'], random), random)],
  (line) => [line, line],
  (line) => [`${line} \\`],
  () => [],
]

/** Words are parted by blanks; those in quotes may be torn apart, as a careless hand does. */
function inWords(change: (words: string[], random: Random) => void) {
  return (line: string, random: Random): readonly string[] => {
    const words = line.split(' ')
    change(words, random)
    return [words.join(' ')]
  }
}

function inWord(change: (word: string, random: Random) => string) {
  return inWords((words, random) => {
    const at = index(words, random)
    words[at] = change(words[at]!, random)
  })
}

function insert(line: string, text: string, random: Random): string {
  const at = index([...line], random)
  return line.slice(0, at) + text + line.slice(at)
}

function index(of: readonly unknown[], random: Random): number {
  return Math.floor(random() * of.length)
}

function pick<T>(of: readonly T[], random: Random): T {
  return of[index(of, random)]!
}

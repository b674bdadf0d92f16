/** What commands show on standard output. Values of others are made `printable` by who puts them into a text. */
import { jsonText } from '../text/escape.ts'
import { writePainted } from './command-output.ts'

export function print(text: string): void {
  process.stdout.write(text)
}

/** For programs, on one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`)
}

/** As JSON for programs, or as text that may have colours. */
export function show(value: unknown, isJson: boolean, format: () => string): void {
  if (isJson) printJson(value)
  else writePainted(format())
}

/** Colours for people: SGR codes of ECMA-48, and whether there are to be any. */
import { paint, printable } from '../text/escape.ts'

export const bold = 1
export const red = 31
export const green = 32
export const yellow = 33
export const grey = 90

/** On a terminal, unless NO_COLOR (no-color.org) says that its user wants none. */
export function usesColour(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR
}

/** Gives text its colour where there are to be colours. */
export function painter(isColoured: boolean): (text: string, colour: number) => string {
  return (text, colour) => (isColoured ? paint(text, colour) : printable(text))
}

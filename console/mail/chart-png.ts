/** A small chart as a picture: bars on a transparent ground, which is seen on a light page and on a dark one. */
import { PNG } from 'pngjs'

const size = { width: 480, height: 80 } as const
/** Between the light and the dark: both grounds leave it legible. */
const barColour = [0x3b, 0x82, 0xc4, 0xff] as const
const lineColour = [0xd9, 0x53, 0x4f, 0xff] as const

/** `values` from left to right; undefined where nothing was measured. `threshold` is a line across. */
export function chartPng(values: readonly (number | undefined)[], threshold?: number): Buffer {
  const png = new PNG(size)
  const known = values.filter((value) => value !== undefined)
  const low = Math.min(0, ...known, threshold ?? 0)
  const reach = Math.max(...known, threshold ?? 0, low) - low || 1
  const rowOf = (value: number): number => Math.round((1 - (value - low) / reach) * (size.height - 1))
  const paint = (x: number, y: number, colour: readonly number[]): void => {
    png.data.set(colour, (y * size.width + x) * 4)
  }
  for (let x = 0; x < size.width; x++) {
    const value = values[Math.floor((x / size.width) * values.length)]
    if (value === undefined) continue
    for (let y = rowOf(value); y < size.height; y++) paint(x, y, barColour)
  }
  if (threshold !== undefined) for (let x = 0; x < size.width; x++) paint(x, rowOf(threshold), lineColour)
  return PNG.sync.write(png)
}

/** The picture of the README: a terminal with commands of a real run, as an SVG whose lines can be read back. */

const lineHeight = 18
const columnWidth = 8.4
const margin = 20

export function pictureOf(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * columnWidth) + 2 * margin
  const height = lines.length * lineHeight + 2 * margin
  const rows = lines.map((line, index) => {
    const colour = line.startsWith('$ ') ? '#8bd5ca' : '#e6e6e6'
    return `  <text x="${margin}" y="${margin + (index + 1) * lineHeight - 5}" fill="${colour}">${escaped(line)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    '  <title>A terminal with commands of a running appliance, and what they print</title>',
    `  <rect width="${width}" height="${height}" rx="8" fill="#1e2030"/>`,
    '  <g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ...rows,
    '  </g>',
    '</svg>',
    '',
  ].join('\n')
}

export function linesOfPicture(svg: string): readonly string[] {
  return [...svg.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, line = '']) => unescaped(line))
}

function escaped(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function unescaped(line: string): string {
  return line.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

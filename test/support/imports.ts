/** The imports of this program as a graph: files, and what each takes from which other, types and threads included. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { programRoot } from '../../lib/program-root.ts'

export type Graph = ReadonlyMap<string, ReadonlySet<string>>

const outside = new Set(['bench', 'dist', 'node_modules', 'test', 'var'])

/** Source files that are shipped, by their paths from the program's folder. */
export function shippedSources(root = programRoot): string[] {
  const tops = readdirSync(root, { withFileTypes: true }).filter(
    ({ name }) => !outside.has(name) && !name.startsWith('.'),
  )
  return tops
    .flatMap((top) =>
      top.isDirectory()
        ? readdirSync(join(root, top.name), { recursive: true, encoding: 'utf8' }).map((name) =>
            posix.join(top.name, name),
          )
        : [top.name],
    )
    .filter((name) => name.endsWith('.ts'))
    .sort()
}

const specifiers = [
  // `import … from './x.ts'`, `export … from './x.ts'`, `import './x.ts'`: types as well.
  /^(?:import|export)\b[^'"]*?['"](\.{1,2}\/[^'"]+)['"]/gm,
  // `import('./x.ts')`, as a call and as a type.
  /\bimport\(\s*['"](\.{1,2}\/[^'"]+)['"]/g,
  // The file of a thread: `new URL('./x.js', import.meta.url)`.
  /\bnew URL\(\s*['"](\.{1,2}\/[^'"]+)['"],\s*import\.meta\.url\)/g,
]

/** What a file imports of this program, as paths from the program's folder. */
export function importsOf(file: string, text: string): string[] {
  return specifiers.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, path = '']) =>
      posix.normalize(posix.join(posix.dirname(file), path.replace(/\.js$/, '.ts'))),
    ),
  )
}

export function importGraph(root = programRoot): Graph {
  return new Map(
    shippedSources(root).map((file) => [file, new Set(importsOf(file, readFileSync(join(root, file), 'utf8')))]),
  )
}

/** The same between folders: a folder knows another when a file of its own imports one of that other. A main.ts stands above its folder. */
export function folderGraph(files: Graph): Graph {
  const folders = new Map<string, Set<string>>()
  for (const [file, imported] of files) {
    if (isMain(file)) continue
    const folder = dirname(file)
    const known = folders.get(folder) ?? new Set()
    folders.set(folder, known)
    for (const other of imported) if (dirname(other) !== folder) known.add(dirname(other))
  }
  return folders
}

export function isMain(file: string): boolean {
  return posix.basename(file) === 'main.ts'
}

/** Circles: sets of more than one that all reach each other (Tarjan's strongly connected components), and what imports itself. */
export function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const circles: string[][] = []
  const visit = (node: string): number => {
    const index = order.size
    order.set(node, index)
    stack.push(node)
    onStack.add(node)
    let low = index
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (onStack.has(next)) low = Math.min(low, order.get(next) ?? low)
    }
    lowest.set(node, low)
    if (low === index) {
      const circle = stack.splice(stack.indexOf(node))
      for (const one of circle) onStack.delete(one)
      if (circle.length > 1 || graph.get(node)?.has(node)) circles.push(circle.sort())
    }
    return low
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return circles
}

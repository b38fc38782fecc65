/**
 * Checks the structure of src/ with two linter rules. `floors`: a room imports only rooms on floors below it, and no backend
 * imports another. `no-circle`: no file imports itself by way of others. That includes type imports, which other tools skip.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** The floors, from the bottom up. Rooms on the same floor do not import each other. */
export const FLOORS = [
  ['escape.ts'],
  ['errors.ts', 'platform.ts', 'values.ts'],
  ['json', 'source', 'limits.ts'],
  ['safetensors', 'tokenizer'],
  ['kernels'],
  ['layers'],
  ['ner'],
  ['redact', 'eval'],
  ['convert', 'serve', 'worker'],
  ['node'],
  ['cli'],
]
const BACKENDS = ['naive', 'tfjs', 'simd']

const src = resolve(import.meta.dirname, '../src')

/** `src/kernels/naive/linear.ts` → ['kernels', 'naive', 'linear.ts']; undefined outside of src. */
function place(file) {
  const path = relative(src, file).split('\\').join('/')
  return path.startsWith('..') ? undefined : path.split('/')
}

function floorOf([room]) {
  return FLOORS.findIndex(rooms => rooms.includes(room))
}

const floors = {
  create: context => {
    const from = place(context.filename)
    const own = from && floorOf(from)
    // Files beside the rooms (index.ts, node.ts, cli.ts …) are entries: they may import every room.
    if (!from || own < 0) return {}
    return eachImport((node, specifier) => {
      const to = place(resolve(dirname(context.filename), specifier))
      if (!to) return
      const [room, part] = to
      if (room !== from[0] && floorOf(to) >= own) {
        context.report({ node, message: `src/${from[0]} stands below or beside src/${room}: it cannot import it.` })
      } else if (room === 'kernels' && from[1] !== part && [from[1], part].every(name => BACKENDS.includes(name))) {
        context.report({ node, message: `Backend ${from[1]} cannot import backend ${part}: share it in src/kernels.` })
      }
    })
  },
}

const noCircle = {
  create: context =>
    eachImport((node, specifier) => {
      const path = pathTo(resolve(dirname(context.filename), specifier), context.filename)
      if (path) context.report({ node, message: `A circle: ${path.map(file => relative(src, file)).join(' → ')}` })
    }),
}

function eachImport(visit) {
  const check = node => {
    const specifier = node.source?.value
    if (typeof specifier === 'string' && specifier.startsWith('.')) visit(node, specifier)
  }
  return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check }
}

/** The files on a path from one file to another by static imports, or undefined. */
function pathTo(from, to, seen = new Set()) {
  if (from === to) return [to]
  if (seen.has(from)) return undefined
  seen.add(from)
  for (const next of importsOf(from)) {
    const rest = pathTo(next, to, seen)
    if (rest) return [from, ...rest]
  }
  return undefined
}

const known = new Map()
function importsOf(file) {
  if (!known.has(file)) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const specifiers = text.matchAll(/^(?:import|export|\}) [^'"]*?from '(\.[^']+)'/gm)
    known.set(
      file,
      Array.from(specifiers, ([, specifier]) => join(dirname(file), specifier)),
    )
  }
  return known.get(file)
}

export default { rules: { floors, 'no-circle': noCircle } }

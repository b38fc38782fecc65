/** How a kernel reads the record of its operation (layout.ts). */
import { WORD } from '../layout.ts'
import { OPERATIONS, type ArgumentsOf, type Operation } from '../opcodes.ts'
import { i32, load, local, range, type I32, type Variable } from './code.ts'

/** The parameters of every kernel: the record of its operation, the number of its task, and its thread's scratch memory. */
export const kernel = { op: 'i32', task: 'i32', scratch: 'i32' } as const

/** A variable for each argument of an operation. */
export type Arguments<O extends Operation> = {
  readonly [K in keyof ArgumentsOf<O>]: Variable<ArgumentsOf<O>[K] & ('i32' | 'f32')>
}

/**
 * The arguments of the record at `op`, by name: `const { x, y } = args('addNorm', op)`. Naming one emits its load. So a kernel
 * reads nothing that it does not name, and reads again what it names twice.
 */
export function args<O extends Operation>(operation: O, op: I32): Arguments<O> {
  const found = {}
  for (const [index, [name, type]] of Object.entries<'i32' | 'f32'>(OPERATIONS[operation].arguments).entries()) {
    const offset = 4 * (WORD.arguments + index)
    const get = () => (type === 'i32' ? local.i32(load.i32(op, offset)) : local.f32(load.f32(op, offset)))
    Object.defineProperty(found, name, { get })
  }
  return found as Arguments<O>
}

/** Runs `body` for each row of the block that is task `task`. */
export function eachRow(
  block: { readonly rowBlock: Variable<'i32'>; readonly rows: Variable<'i32'> },
  task: I32,
  body: (row: Variable<'i32'>) => void,
): void {
  const { rowBlock } = block
  const first = local.i32(i32.mul(task, rowBlock))
  const end = local.i32(i32.min(i32.add(first, rowBlock), block.rows))
  range(first, end, 1, body)
}

/** base + index · stride */
export const pointer = (base: I32, index: I32, stride: I32) => local.i32(i32.add(base, i32.mul(index, stride)))

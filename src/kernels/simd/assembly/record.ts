/** Reading the arguments of a record, inside a kernel. */
import { ARGUMENTS, WORD, type Layout } from '../layout.ts'
import { load, local, type I32, type Variable } from './code.ts'

/** Argument `name` of the operation at `op`. */
export function argument<L extends Layout>(layout: L, op: I32, name: (typeof ARGUMENTS)[L][number]): Variable<'i32'> {
  return local.i32(load.i32(op, offset(layout, name)))
}

/** A float argument. */
export function floatArgument<L extends Layout>(layout: L, op: I32, name: (typeof ARGUMENTS)[L][number]) {
  return local.f32(load.f32(op, offset(layout, name)))
}

function offset<L extends Layout>(layout: L, name: (typeof ARGUMENTS)[L][number]): number {
  const index = (ARGUMENTS[layout] as readonly string[]).indexOf(name)
  if (index < 0) throw new Error(`${layout} has no argument ${name}`)
  return 4 * (WORD.arguments + index)
}

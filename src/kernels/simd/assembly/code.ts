/**
 * A thin notation for the assembler (wasmati): expressions are trees, variables are declared anywhere, and loops take a body.
 * All of it runs at build time and only emits instructions. So an ordinary `for` around an instruction unrolls it, and an
 * ordinary `if` decides whether it is emitted.
 *
 *   const dot = define('dot', { a: 'i32', b: 'i32', n: 'i32' }, 'f32', ({ a, b, n }) => {
 *     const sum = local.f32(f32.const(0))
 *     range(0, n, 1, i => sum.set(f32.add(sum, f32.mul(load.f32(i32.add(a, i)), …))))
 *     return sum
 *   })
 */
import * as wasm from 'wasmati'

export type Type = 'i32' | 'f32' | 'v128'

/** Code that leaves one value on WebAssembly's stack. */
export interface Expression<T extends Type> {
  readonly type: T
  readonly emit: () => void
}
/** Numbers stand for i32 constants. */
export type I32 = Expression<'i32'> | number
export type F32 = Expression<'f32'>
export type V128 = Expression<'v128'>

export interface Variable<T extends Type> extends Expression<T> {
  set(value: Expression<T> | (T extends 'i32' ? number : never)): void
}

/** The function that is being written: its variables, and the statements of the current block. */
interface Scope {
  readonly variables: { readonly type: Type; slot: wasm.Local | undefined }[]
  statements: (() => void)[]
}
let scope: Scope | undefined

function current(): Scope {
  if (!scope) throw new Error('instructions belong inside of define()')
  return scope
}

function statement(emit: () => void): void {
  current().statements.push(emit)
}

/** Holds the statements of `body` back, and returns what emits them. */
function collect(body: () => void): () => void {
  const outer = current().statements
  const inner: (() => void)[] = []
  current().statements = inner
  body()
  current().statements = outer
  return () => {
    for (const emit of inner) emit()
  }
}

function push(value: Expression<Type> | number): void {
  if (typeof value === 'number') wasm.i32.const(value)
  else value.emit()
}

function variable<T extends Type>(type: T, slot: () => wasm.Local): Variable<T> {
  return {
    type,
    emit: () => wasm.local.get(slot()),
    set: value => {
      statement(() => {
        push(value)
        wasm.local.set(slot())
      })
    },
  }
}

const types = { i32: wasm.i32, f32: wasm.f32, v128: wasm.v128 } as const

function declare<T extends Type>(
  type: T,
): (initial?: Expression<T> | (T extends 'i32' ? number : never)) => Variable<T> {
  return initial => {
    const entry: Scope['variables'][number] = { type, slot: undefined }
    current().variables.push(entry)
    const made = variable(type, () => required(entry.slot))
    if (initial !== undefined) made.set(initial)
    return made
  }
}

/** A new variable of the function that is being written. */
export const local = { i32: declare('i32'), f32: declare('f32'), v128: declare('v128') }

/** The type of a parameter. `i32?` is an i32 that a caller may leave out: it is then 0. */
export type ParameterType = Type | 'i32?'
export type Signature = Readonly<Record<string, ParameterType>>
type TypeOf<T extends ParameterType> = T extends Type ? T : 'i32'
type Value<T extends Type> = Expression<T> | (T extends 'i32' ? number : never)
type Optional<P extends Signature> = { [K in keyof P]: P[K] extends 'i32?' ? K : never }[keyof P]

/** The parameters of a function as its body sees them. */
export type Parameters<P extends Signature> = { readonly [K in keyof P]: Variable<TypeOf<P[K]>> }
/** The values of a call, by the names of the parameters. */
export type Values<P extends Signature> = {
  readonly [K in Exclude<keyof P, Optional<P>>]: Value<TypeOf<P[K]>>
} & Partial<Readonly<Record<Optional<P>, I32>>>

/** A function that has been written. */
export interface Written {
  readonly func: wasm.Dependency.AnyFunc
}
/** A function without a result. Calling it emits a call. */
export interface Procedure<P extends Signature> extends Written {
  (values: Values<P>): void
}
/** A function with a result. Calling it makes an expression. */
export interface Defined<P extends Signature, R extends Type> extends Written {
  (values: Values<P>): Expression<R>
}

/** Writes a function without a result. Its body and its callers name the parameters. */
export function procedure<const P extends Signature>(
  name: string,
  parameters: P,
  body: (parameters: Parameters<P>) => void,
): Procedure<P> {
  const { func, call } = author(name, parameters, null, inputs => {
    body(inputs)
    return undefined
  })
  return Object.assign((values: Values<P>) => statement(call(values)), { func })
}

/** Writes a function with a result, which `body` returns. */
export function define<const P extends Signature, R extends Type>(
  name: string,
  parameters: P,
  result: R,
  body: (parameters: Parameters<P>) => Expression<R>,
): Defined<P, R> {
  const { func, call } = author(name, parameters, result, body)
  return Object.assign((values: Values<P>): Expression<R> => ({ type: result, emit: call(values) }), { func })
}

function author<P extends Signature>(
  name: string,
  parameters: P,
  result: Type | null,
  body: (parameters: Parameters<P>) => Expression<Type> | undefined,
) {
  const slots = new Map<string, wasm.Local>()
  const entries = Object.entries(parameters).map(([key, type]) => [key, type === 'i32?' ? 'i32' : type] as const)
  const written: Scope = { variables: [], statements: [] }
  scope = written
  const inputs = Object.fromEntries(entries.map(([key, type]) => [key, variable(type, () => required(slots.get(key)))]))
  const value = body(inputs as unknown as Parameters<P>)
  scope = undefined

  const func = (wasm.func as AnyFunc)(
    {
      in: entries.map(([, type]) => types[type]),
      locals: written.variables.map(({ type }) => types[type]),
      out: result === null ? [] : [types[result]],
    },
    (args, locals) => {
      entries.forEach(([key], i) => slots.set(key, required(args[i])))
      written.variables.forEach((entry, i) => (entry.slot = required(locals[i])))
      for (const emit of written.statements) emit()
      if (value) push(value)
    },
  )
  const call = (values: Values<P>) => {
    const given = values as Readonly<Record<string, Expression<Type> | number | undefined>>
    const inOrder = entries.map(([key]) => {
      const value = given[key] ?? (parameters[key] === 'i32?' ? 0 : undefined)
      if (value === undefined) throw new Error(`${name} needs a value for ${key}`)
      return value
    })
    return () => {
      inOrder.forEach(push)
      ;(wasm.call as (func: wasm.Dependency.AnyFunc) => void)(func)
    }
  }
  return { func, call }
}

/** The assembler's own type lists each parameter. Here the compiler does not know how many there are. */
type AnyFunc = (
  signature: { in: unknown[]; locals: unknown[]; out: unknown[] },
  run: (args: readonly wasm.Local[], locals: readonly wasm.Local[]) => void,
) => wasm.Dependency.AnyFunc

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a variable is used outside of its function')
  return value
}

// ── control ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** for (i = from; i < to; i += step) body(i). Signed. It tests at the end of a turn, and once before the first. */
export function range(from: I32, to: I32, step: I32, body: (i: Variable<'i32'>) => void): void {
  const i = local.i32(from)
  when(i32.lt(i, to), () => {
    doWhile(
      () => {
        body(i)
        i.set(i32.add(i, step))
      },
      () => i32.lt(i, to),
    )
  })
}

/** do body() while (condition): one jump per turn. */
export function doWhile(body: () => void, condition: () => I32): void {
  const inner = collect(body)
  statement(() => {
    wasm.loop({}, label => {
      inner()
      push(condition())
      wasm.br_if(label)
    })
  })
}

export function when(condition: I32, then: () => void, otherwise?: () => void): void {
  const yes = collect(then)
  const no = otherwise && collect(otherwise)
  statement(() => {
    push(condition)
    wasm.if_({}, yes, no)
  })
}

/** Calls the function of `table` at `index`. All of its functions take `values` and return nothing. */
export function callIndirect(table: wasm.Dependency.Table, index: I32, values: readonly I32[]): void {
  statement(() => {
    values.forEach(push)
    push(index)
    wasm.call_indirect(table, { in: values.map(() => wasm.i32), out: [] })
  })
}

/** Ends the program with a trap. */
export function trap(): void {
  statement(() => wasm.unreachable())
}

/** Evaluates an expression and drops its value. */
export function discard(value: Expression<Type>): void {
  statement(() => {
    value.emit()
    wasm.drop()
  })
}

// ── instructions ───────────────────────────────────────────────────────────────────────────────────────────────────

type Emit = () => unknown
function op<T extends Type>(type: T, emit: Emit, ...values: readonly (Expression<Type> | number)[]): Expression<T> {
  return {
    type,
    emit: () => {
      values.forEach(push)
      emit()
    },
  }
}
const i32Binary = (emit: Emit) => (a: I32, b: I32) => op('i32', emit, a, b)
const f32Binary = (emit: Emit) => (a: F32, b: F32) => op('f32', emit, a, b)
const f32Unary = (emit: Emit) => (a: F32) => op('f32', emit, a)
const vector1 = (emit: Emit) => (a: V128) => op('v128', emit, a)
const vector2 = (emit: Emit) => (a: V128, b: V128) => op('v128', emit, a, b)
const vector3 = (emit: Emit) => (a: V128, b: V128, c: V128) => op('v128', emit, a, b, c)
const shift = (emit: Emit) => (a: V128, by: I32) => op('v128', emit, a, by)

// The assembler's types want stack values; here the values are already on the stack.
const bare = (instruction: unknown): Emit => instruction as Emit

export const i32 = {
  add: i32Binary(bare(wasm.i32.add)),
  sub: i32Binary(bare(wasm.i32.sub)),
  mul: i32Binary(bare(wasm.i32.mul)),
  div: i32Binary(bare(wasm.i32.div_u)),
  rem: i32Binary(bare(wasm.i32.rem_u)),
  and: i32Binary(bare(wasm.i32.and)),
  or: i32Binary(bare(wasm.i32.or)),
  shl: i32Binary(bare(wasm.i32.shl)),
  shr: i32Binary(bare(wasm.i32.shr_u)),
  eq: i32Binary(bare(wasm.i32.eq)),
  ne: i32Binary(bare(wasm.i32.ne)),
  lt: i32Binary(bare(wasm.i32.lt_s)),
  ge: i32Binary(bare(wasm.i32.ge_s)),
  min: (a: I32, b: I32) =>
    op('i32', () => {
      push(a)
      push(b)
      push(a)
      push(b)
      wasm.i32.lt_s()
      wasm.select()
    }),
}

export const f32 = {
  const: (value: number): F32 => ({ type: 'f32', emit: () => wasm.f32.const(value) }),
  add: f32Binary(bare(wasm.f32.add)),
  sub: f32Binary(bare(wasm.f32.sub)),
  mul: f32Binary(bare(wasm.f32.mul)),
  div: f32Binary(bare(wasm.f32.div)),
  min: f32Binary(bare(wasm.f32.min)),
  max: f32Binary(bare(wasm.f32.max)),
  lt: (a: F32, b: F32) => op('i32', bare(wasm.f32.lt), a, b),
  sqrt: f32Unary(bare(wasm.f32.sqrt)),
  nearest: f32Unary(bare(wasm.f32.nearest)),
  fromI32: (a: I32): F32 => op('f32', bare(wasm.f32.convert_i32_s), a),
  toI32: (a: F32): Expression<'i32'> => op('i32', bare(wasm.i32.trunc_sat_f32_s), a),
  bits: (a: F32): Expression<'i32'> => op('i32', bare(wasm.i32.reinterpret_f32), a),
  fromBits: (a: I32): F32 => op('f32', bare(wasm.f32.reinterpret_i32), a),
}

type Access = (at: { offset: number; align?: number }) => void
const read =
  <T extends Type>(type: T, access: unknown, align?: number) =>
  (address: I32, offset = 0): Expression<T> =>
    op(type, () => (access as Access)({ offset, ...(align === undefined ? {} : { align }) }), address)
const write =
  <T extends Type>(access: unknown, align?: number) =>
  (address: I32, value: Expression<T> | (T extends 'i32' ? number : never), offset = 0): void => {
    statement(() => {
      push(address)
      push(value)
      ;(access as Access)({ offset, ...(align === undefined ? {} : { align }) })
    })
  }

function writeLane(access: unknown, align: number) {
  return (address: I32, value: V128, lane: number, offset = 0): void => {
    statement(() => {
      push(address)
      value.emit()
      ;(access as (at: object, lane: number) => void)({ offset, align }, lane)
    })
  }
}

/** Loads. Alignment is a hint: no address is promised to be aligned beyond its element. */
export const load = {
  i32: read('i32', wasm.i32.load),
  u16: read('i32', wasm.i32.load16_u),
  f32: read('f32', wasm.f32.load),
  v128: read('v128', wasm.v128.load, 4),
  splat32: read('v128', wasm.v128.load32_splat),
  /** Eight int8, widened to int16. */
  widen8: read('v128', wasm.v128.load8x8_s),
  /** Four uint16, widened to uint32. */
  widen16: read('v128', wasm.v128.load16x4_u, 2),
  /** Four bytes in the lowest lane, zero elsewhere. */
  zero32: read('v128', wasm.v128.load32_zero, 1),
}
export const store = {
  i32: write<'i32'>(wasm.i32.store),
  i16: write<'i32'>(wasm.i32.store16),
  f32: write<'f32'>(wasm.f32.store),
  v128: write<'v128'>(wasm.v128.store, 4),
  /** Two bytes: one lane of eight. */
  lane16: writeLane(wasm.v128.store16_lane, 2),
  /** Four bytes: one lane of four. */
  lane32: writeLane(wasm.v128.store32_lane, 4),
}

/** Sets `bytes` bytes from `address` on to zero. */
export function fillZero(address: I32, bytes: I32): void {
  statement(() => {
    push(address)
    push(0)
    push(bytes)
    wasm.memory.fill()
  })
}

export const v128 = {
  and: vector2(bare(wasm.v128.and)),
  or: vector2(bare(wasm.v128.or)),
  xor: vector2(bare(wasm.v128.xor)),
  zero: (): V128 => i32x4.const(0),
}

export const f32x4 = {
  /** The same number in all four lanes. */
  const: (value: number): V128 => ({
    type: 'v128',
    emit: () => wasm.v128.const('f32x4', [value, value, value, value]),
  }),
  splat: (a: F32): V128 => op('v128', bare(wasm.f32x4.splat), a),
  lane: (a: V128, lane: number): F32 =>
    op('f32', () => (wasm.f32x4.extract_lane as unknown as (l: number) => void)(lane), a),
  add: vector2(bare(wasm.f32x4.add)),
  sub: vector2(bare(wasm.f32x4.sub)),
  mul: vector2(bare(wasm.f32x4.mul)),
  div: vector2(bare(wasm.f32x4.div)),
  /** b < a ? b : a. One instruction, and a NaN in `a` stays. */
  pmin: vector2(bare(wasm.f32x4.pmin)),
  /** a < b ? b : a. One instruction, and a NaN in `a` stays. */
  pmax: vector2(bare(wasm.f32x4.pmax)),
  nearest: vector1(bare(wasm.f32x4.nearest)),
  abs: vector1(bare(wasm.f32x4.abs)),
  fromI32: vector1(bare(wasm.f32x4.convert_i32x4_s)),
  toI32: vector1(bare(wasm.i32x4.trunc_sat_f32x4_s)),
  /** a·b + c, rounded once or twice, as the engine likes. */
  relaxedMultiplyAdd: vector3(bare(wasm.f32x4.relaxed_madd)),
  /** The sum of the four lanes. */
  sum: (a: V128): F32 => {
    const half = f32x4.add(a, shuffle(a, [2, 3, 0, 1]))
    const kept = local.v128(half)
    return f32.add(f32x4.lane(kept, 0), f32x4.lane(kept, 1))
  },
}

export const i32x4 = {
  const: (value: number): V128 => i32x4.lanes(value, value, value, value),
  lanes: (...values: readonly [number, number, number, number]): V128 => ({
    type: 'v128',
    emit: () => wasm.v128.const('i32x4', [...values]),
  }),
  splat: (a: I32): V128 => op('v128', bare(wasm.i32x4.splat), a),
  lane: (a: V128, lane: number): Expression<'i32'> =>
    op('i32', () => (wasm.i32x4.extract_lane as unknown as (l: number) => void)(lane), a),
  add: vector2(bare(wasm.i32x4.add)),
  sub: vector2(bare(wasm.i32x4.sub)),
  mul: vector2(bare(wasm.i32x4.mul)),
  max: vector2(bare(wasm.i32x4.max_s)),
  lt: vector2(bare(wasm.i32x4.lt_s)),
  shl: shift(bare(wasm.i32x4.shl)),
  /** Low halves, high halves of eight int16 → four int32. */
  lowS16: vector1(bare(wasm.i32x4.extend_low_i16x8_s)),
  highS16: vector1(bare(wasm.i32x4.extend_high_i16x8_s)),
  /** The sum of the four lanes. */
  sum: (a: V128): Expression<'i32'> => {
    const half = local.v128(i32x4.add(a, shuffle(a, [2, 3, 0, 1])))
    return i32.add(i32x4.lane(half, 0), i32x4.lane(half, 1))
  },
  /** a₀·b₀ + a₁·b₁ of neighbouring int16 → int32. */
  dotI16: vector2(bare(wasm.i32x4.dot_i16x8_s)),
  /** a₀ + a₁ of neighbouring int16 → int32. */
  addPairsI16: vector1(bare(wasm.i32x4.extadd_pairwise_i16x8_s)),
  /** c + the sum of four neighbouring products, int8 · 7-bit → int32. */
  relaxedDotAdd: vector3(bare(wasm.i32x4.relaxed_dot_i8x16_i7x16_add_s)),
}

export const i16x8 = {
  splat: (a: I32): V128 => op('v128', bare(wasm.i16x8.splat), a),
  /** Two vectors of int32 → eight int16, saturating. */
  narrow: vector2(bare(wasm.i16x8.narrow_i32x4_s)),
  lowS8: vector1(bare(wasm.i16x8.extend_low_i8x16_s)),
  add: vector2(bare(wasm.i16x8.add)),
  sub: vector2(bare(wasm.i16x8.sub)),
  /** (a·b + 2¹⁴) / 2¹⁵, rounded down and saturating: a product of fractions of 15 bits, to the nearest. */
  multiplyFractions: vector2(bare(wasm.i16x8.q15mulr_sat_s)),
  max: vector2(bare(wasm.i16x8.max_s)),
  /** a₀ + a₁ of neighbouring bytes, signed or unsigned → int16. */
  addPairsS8: vector1(bare(wasm.i16x8.extadd_pairwise_i8x16_s)),
  addPairsU8: vector1(bare(wasm.i16x8.extadd_pairwise_i8x16_u)),
  /** a₀·b₀ + a₁·b₁ of neighbouring int8 · 7-bit → int16. */
  relaxedDot: vector2(bare(wasm.i16x8.relaxed_dot_i8x16_i7x16_s)),
}

export const i8x16 = {
  splat: (a: I32): V128 => op('v128', bare(wasm.i8x16.splat), a),
  /** Two vectors of int16 → sixteen int8, saturating. */
  narrow: vector2(bare(wasm.i8x16.narrow_i16x8_s)),
  max: vector2(bare(wasm.i8x16.max_s)),
  /** |a|; of −128 the byte 128. */
  abs: vector1(bare(wasm.i8x16.abs)),
}

/** Picks lanes of 32 bits: 0 … 3 from `a`, 4 … 7 from `b`. */
export function shuffle(a: V128, lanes: readonly [number, number, number, number], b = a): V128 {
  const bytes = lanes.flatMap(lane => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3])
  return op('v128', () => (wasm.i8x16.shuffle as unknown as (b: number[]) => void)(bytes), a, b)
}

/** The lower or upper four int16 of `a` and `b` in turn: a₀ b₀ a₁ b₁ … */
export function interleave16(a: V128, b: V128, half: 'lower' | 'upper'): V128 {
  const first = half === 'lower' ? 0 : 8
  const bytes = [0, 2, 4, 6].flatMap(at => [at, at + 1, at + 16, at + 17].map(byte => byte + first))
  return op('v128', () => (wasm.i8x16.shuffle as unknown as (b: number[]) => void)(bytes), a, b)
}

export const atomic = {
  load: read('i32', wasm.i32.atomic.load),
  add: (address: I32, value: I32, offset = 0) =>
    op('i32', () => (wasm.i32.atomic.rmw.add as unknown as Access)({ offset }), address, value),
  /**
   * Sleeps until notified, unless the word at `address` is no longer `expected`.
   * QUIRK: it waits on 64 bits, whose upper half must stay zero, since wasmati 0.2.4 gives the 32-bit wait an i32 timeout, not i64.
   */
  wait: (address: I32, expected: I32, offset = 0) =>
    op('i32', () => {
      push(address)
      push(expected)
      wasm.i64.extend_i32_u()
      wasm.i64.const(-1n)
      ;(wasm.memory.atomic.wait64 as unknown as Access)({ offset })
    }),
  notifyAll: (address: I32, offset = 0) =>
    op(
      'i32',
      () => {
        wasm.i32.const(0x7fffffff)
        ;(wasm.memory.atomic.notify as unknown as Access)({ offset })
      },
      address,
    ),
}

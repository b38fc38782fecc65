/**
 * Reads the pickle of a state dict, and nothing else. A pickle is a program for a machine with a stack; this machine knows the
 * operations that torch.save writes (protocol 2), and three things that can be named or called:
 *
 *     collections.OrderedDict()                              → an empty dict
 *     torch.FloatStorage and its kind                        → an element type
 *     torch._utils._rebuild_tensor_v2(storage, offset, …)    → a tensor, described and not yet read
 *
 * Any other name is refused where it stands. Nothing is imported, looked up or run, so a pickle can only describe tensors.
 * Source: Python's pickletools; torch/_weights_only_unpickler.py has the same operations.
 */
import type { TensorDType } from '../safetensors/dtypes.ts'
import { quote } from '../values.ts'
import { badPickle, IN_PYTHON } from './errors.ts'
import { PickleBytes } from './pickle-bytes.ts'

/** A stretch of elements in an entry of the zip file. */
export interface Storage {
  readonly dtype: TensorDType
  /** The name of the entry, after `data/`. */
  readonly key: string
  /** Elements. */
  readonly length: number
}

/** A tensor as it was saved: element [i, j, …] is element `offset + i·strides[0] + j·strides[1] + …` of its storage. */
export class PickledTensor {
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** What a name stands for. */
class Global {
  readonly name: string
  readonly dtype: TensorDType | undefined

  constructor(name: string, dtype: TensorDType | undefined) {
    this.name = name
    this.dtype = dtype
  }
}

class Tuple {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

class PickledStorage {
  readonly storage: Storage

  constructor(storage: Storage) {
    this.storage = storage
  }
}

const DICT = 'collections.OrderedDict'
const TENSOR = 'torch._utils._rebuild_tensor_v2'

const STORAGES: ReadonlyMap<string, TensorDType> = new Map([
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
])

/** Bytes of a pickle, at most, and operations. BERT-large has 60 kB, and 20,000. */
export const MOST_PICKLE = 1 << 24
const MOST_OPERATIONS = 1_000_000
const MOST_DIMENSIONS = 64

/**
 * Runs the pickle: a dict of values by name, of which a state dict's are tensors.
 *
 * @throws ConvertError `CONVERT_PICKLE`; `CONVERT_PICKLE_CODE` for one that names anything else, which Python would import
 */
export function unpickle(bytes: Uint8Array, subject: string): Map<string, unknown> {
  const result = new Machine(bytes, subject).run()
  if (isDict(result)) return result
  throw badPickle(subject, 'a dict of tensors by name', describe(result), IN_PYTHON)
}

/** Names a value of a pickle, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (value instanceof Global) return quote(value.name)
  if (value instanceof Tuple) return 'a tuple'
  if (value instanceof PickledTensor) return 'a tensor'
  if (value instanceof PickledStorage) return 'a storage'
  if (isDict(value)) return 'a dict'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'string' ? quote(value) : `${value as number | bigint | boolean}`
}

function isDict(value: unknown): value is Map<string, unknown> {
  return value instanceof Map
}

class Machine {
  readonly #input: PickleBytes
  readonly #subject: string
  readonly #memo = new Map<number, unknown>()
  /** Stacks below the last marks. */
  readonly #below: unknown[][] = []
  #stack: unknown[] = []

  constructor(bytes: Uint8Array, subject: string) {
    this.#subject = subject
    this.#input = new PickleBytes(bytes, subject)
  }

  run(): unknown {
    for (let steps = 0; steps < MOST_OPERATIONS; steps++) {
      const code = this.#input.byte()
      if (code === STOP) return this.#pop()
      const operation = this.#operations.get(code)
      if (!operation) {
        throw this.#wrong('an operation that torch.save writes', `operation 0x${code.toString(16)}`, IN_PYTHON)
      }
      operation(this.#input)
    }
    throw this.#wrong(`at most ${MOST_OPERATIONS} operations`, 'more')
  }

  /** By the letter or number that pickletools gives each. */
  readonly #operations: ReadonlyMap<number, (input: PickleBytes) => void> = new Map<
    number,
    (input: PickleBytes) => void
  >([
    [0x80, input => this.#protocol(input.byte())], // PROTO
    [0x63, input => this.#push(this.#global(input.line(), input.line()))], // c GLOBAL
    [0x58, input => this.#push(input.text(input.uint32()))], // X BINUNICODE
    [0x55, input => this.#push(input.text(input.byte()))], // U SHORT_BINSTRING: bytes in Python 2, whose names are ASCII
    [0x4b, input => this.#push(input.byte())], // K BININT1
    [0x4d, input => this.#push(input.uint16())], // M BININT2
    [0x4a, input => this.#push(input.int32())], // J BININT
    [0x8a, input => this.#push(input.long(input.byte()))], // LONG1
    [0x47, input => this.#push(input.float())], // G BINFLOAT
    [0x4e, () => this.#push(null)], // N NONE
    [0x88, () => this.#push(true)], // NEWTRUE
    [0x89, () => this.#push(false)], // NEWFALSE
    [0x28, () => this.#mark()], // ( MARK
    [0x29, () => this.#push(new Tuple([]))], // ) EMPTY_TUPLE
    [0x85, () => this.#push(new Tuple(this.#popMany(1)))], // TUPLE1
    [0x86, () => this.#push(new Tuple(this.#popMany(2)))], // TUPLE2
    [0x87, () => this.#push(new Tuple(this.#popMany(3)))], // TUPLE3
    [0x74, () => this.#push(new Tuple(this.#popToMark()))], // t TUPLE
    [0x7d, () => this.#push(new Map())], // } EMPTY_DICT
    [0x5d, () => this.#push([])], // ] EMPTY_LIST
    [0x61, () => this.#append(this.#popMany(1))], // a APPEND
    [0x65, () => this.#append(this.#popToMark())], // e APPENDS
    [0x73, () => this.#setItems(this.#popMany(2))], // s SETITEM
    [0x75, () => this.#setItems(this.#popToMark())], // u SETITEMS
    [0x71, input => this.#memo.set(input.byte(), this.#top())], // q BINPUT
    [0x72, input => this.#memo.set(input.uint32(), this.#top())], // r LONG_BINPUT
    [0x68, input => this.#push(this.#recall(input.byte()))], // h BINGET
    [0x6a, input => this.#push(this.#recall(input.uint32()))], // j LONG_BINGET
    [0x51, () => this.#push(this.#storage(this.#pop()))], // Q BINPERSID
    [0x52, () => this.#push(this.#call(this.#popMany(2)))], // R REDUCE
    [0x62, () => this.#push(this.#build(this.#popMany(2)))], // b BUILD
  ])

  #protocol(version: number): void {
    if (version !== 2) throw this.#wrong('protocol 2, as torch.save writes it', `protocol ${version}`, IN_PYTHON)
  }

  #global(module: string, member: string): Global {
    const name = `${module}.${member}`
    const dtype = STORAGES.get(name)
    if (dtype !== undefined || name === DICT || name === TENSOR) return new Global(name, dtype)
    throw badPickle(
      this.#subject,
      'names of tensors and their types alone',
      `${quote(name)}, which Python would import and may call; it was not`,
      'Do not load this file in Python either, unless you trust who wrote it; torch.load(weights_only=True) is safe.',
      'CONVERT_PICKLE_CODE',
    )
  }

  /** ('storage', type, key, device, length): where elements lie in the zip file. */
  #storage(id: unknown): PickledStorage {
    const [kind, type, key, device, length, ...rest] = id instanceof Tuple ? id.items : []
    const dtype = type instanceof Global ? type.dtype : undefined
    const isStorage = kind === 'storage' && dtype && typeof key === 'string' && typeof device === 'string'
    if (!isStorage || !isCount(length) || rest.length > 0) {
      throw this.#wrong('("storage", type, key, device, length)', describe(id))
    }
    return new PickledStorage({ dtype, key, length })
  }

  #call([called, given]: readonly unknown[]): unknown {
    const name = called instanceof Global ? called.name : describe(called)
    const items = given instanceof Tuple ? given.items : undefined
    if (name === DICT && items?.length === 0) return new Map()
    if (name === TENSOR && items) return this.#tensor(items)
    throw this.#wrong(`${DICT}() or ${TENSOR}(…)`, `a call of ${name}`, IN_PYTHON)
  }

  #tensor(items: readonly unknown[]): PickledTensor {
    const [storage, offset, size, stride, requiresGrad, hooks] = items
    const shape = countsOf(size)
    const strides = countsOf(stride)
    const isTensor = storage instanceof PickledStorage && isCount(offset) && typeof requiresGrad === 'boolean'
    // Hooks would be functions. A seventh item has flags such as "conjugate".
    if (
      isTensor &&
      shape &&
      shape.length === strides?.length &&
      isDict(hooks) &&
      hooks.size === 0 &&
      items.length === 6
    ) {
      return new PickledTensor(storage.storage, offset, shape, strides)
    }
    throw this.#wrong('(storage, offset, size, stride, requires_grad, no hooks) of a tensor', describeAll(items), IN_PYTHON) // prettier-ignore
  }

  /** Attributes of a dict: `_metadata` has the versions of modules, which no reader of weights needs. */
  #build([target, state]: readonly unknown[]): unknown {
    if (!isDict(target) || !isDict(state)) throw this.#wrong('attributes of a dict', `those of ${describe(target)}`)
    return target
  }

  #append(values: readonly unknown[]): void {
    const list = this.#top()
    if (!Array.isArray(list)) throw this.#wrong('a list', describe(list))
    for (const value of values) list.push(value)
  }

  #setItems(items: readonly unknown[]): void {
    const dict = this.#top()
    if (!isDict(dict) || items.length % 2 !== 0) throw this.#wrong('a dict, and values by key', describe(dict))
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]
      if (typeof key !== 'string') throw this.#wrong('a string as key', describe(key))
      if (dict.has(key)) throw this.#wrong('each key once', `${quote(key)} again`)
      dict.set(key, items[i + 1])
    }
  }

  #mark(): void {
    this.#below.push(this.#stack)
    this.#stack = []
  }

  #push(value: unknown): void {
    this.#stack.push(value)
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#wrong('a value on the stack', 'none')
    return this.#stack.pop()
  }

  #popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw this.#wrong(`${count} values on the stack`, `${this.#stack.length}`)
    return this.#stack.splice(this.#stack.length - count)
  }

  #popToMark(): unknown[] {
    const below = this.#below.pop()
    if (!below) throw this.#wrong('a mark on the stack', 'none')
    const values = this.#stack
    this.#stack = below
    return values
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw this.#wrong('a value on the stack', 'none')
    return this.#stack.at(-1)
  }

  #recall(index: number): unknown {
    if (!this.#memo.has(index)) throw this.#wrong('a value that was kept', `number ${index}, of which there is none`)
    return this.#memo.get(index)
  }

  #wrong(expected: string, found: string, nextStep?: string) {
    return badPickle(`${this.#subject}, byte ${this.#input.at}`, expected, found, nextStep)
  }
}

const STOP = 0x2e

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function countsOf(value: unknown): readonly number[] | undefined {
  if (!(value instanceof Tuple) || value.items.length > MOST_DIMENSIONS) return undefined
  return value.items.every(isCount) ? value.items : undefined
}

function describeAll(items: readonly unknown[]): string {
  return `(${items.slice(0, 8).map(describe).join(', ')})`
}

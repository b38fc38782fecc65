/**
 * Records operations as steps, and turns steps into a program in memory (layout.ts) when a tensor is read. Until then a tensor
 * has no address. Places are given out in the order of the steps, and taken back after the last step that uses a tensor that
 * its owner has freed. So a forward pass needs the memory of its widest point, and the same each time.
 */
import { freedTensor } from './failures.ts'
import { RECORD_BYTES, WORD, padded } from './layout.ts'
import type { ModuleMemory } from './memory.ts'
import { OPERATIONS, opcode, type ArgumentsOf, type Operation } from './opcodes.ts'
import type { TileShape } from './tiles.ts'

/** A matrix of float32 in the module's memory, or bytes from one operation for the next. */
export class SimdTensor {
  readonly shape: readonly number[]
  readonly bytes: number
  /** Bytes from one row to the next. */
  readonly stride: number
  /** Its address, once the step that makes it has been written. */
  place: number | undefined
  /** Steps and reads that still need it. */
  uses = 0
  freed = false
  /** Whether a product of integers made it. */
  fromIntegers = false

  constructor(shape: readonly number[], bytes: number, stride = 0) {
    this.shape = shape
    this.bytes = bytes
    this.stride = stride
  }

  static matrix(rows: number, width: number): SimdTensor {
    const stride = 4 * padded(width)
    return new SimdTensor([rows, width], rows * stride, stride)
  }

  /** A tensor that is freed from the start: it lives from the step that makes it to the last one recorded with it. */
  static temporary(bytes: number, stride = 0): SimdTensor {
    const tensor = new SimdTensor([], bytes, stride)
    tensor.freed = true
    return tensor
  }

  get address(): number {
    if (this.place === undefined) throw freedTensor()
    return this.place
  }
}

export interface StepOf<O extends Operation> {
  readonly operation: O
  /** Which of the operation's kernels, if it has several (opcodes.ts). */
  readonly tile?: TileShape
  readonly tasks: number
  readonly inputs: readonly SimdTensor[]
  readonly outputs: readonly SimdTensor[]
  /** Bytes of scratch memory that each thread needs. */
  readonly scratch?: number
  /** Words that the step reads besides its arguments. Called once all addresses are known. */
  readonly data?: () => Int32Array
  readonly dataWords?: number
  /** Called once all addresses are known. `data` is the address of the step's data. */
  readonly arguments: (data: number) => Readonly<Record<keyof ArgumentsOf<O>, number>>
}

export type Step = { [O in Operation]: StepOf<O> }[Operation]

/** Runs programs, on this thread or on a pool of others. */
export interface Engine {
  readonly threads: number
  readonly memory: ModuleMemory
  /**
   * Runs the records from `program` to `end`. Thread n has `scratchBytes` bytes of scratch memory at scratch + n · scratchBytes.
   * `eager`: at once in the caller's thread, if the others have not started yet. For short programs.
   */
  run(program: number, end: number, scratch: number, scratchBytes: number, eager?: boolean): Promise<void>
  dispose(): Promise<void>
}

/** Writes the steps into memory, runs them, and releases what nobody needs any more. */
export async function execute(engine: Engine, steps: readonly Step[], eager = false): Promise<void> {
  const { memory } = engine
  const scratchBytes = Math.ceil(Math.max(0, ...steps.map(step => step.scratch ?? 0)) / 64) * 64
  const scratch = memory.allocate(scratchBytes * engine.threads)
  const program = writeProgram(memory, steps)
  try {
    await engine.run(program.start, program.end, scratch, scratchBytes, eager)
  } finally {
    memory.release(program.start)
    memory.release(scratch)
  }
}

/** A program in memory: its records from `start` to `end`, followed by the data that they read. */
export interface Program {
  readonly start: number
  readonly end: number
}

/** Gives every tensor its place, and writes the records with their data behind them. */
export function writeProgram(memory: ModuleMemory, steps: readonly Step[]): Program {
  const words = RECORD_BYTES / 4
  const dataWords = steps.reduce((sum, step) => sum + (step.dataWords ?? 0), 0)
  const start = memory.allocate(steps.length * RECORD_BYTES + 4 * dataWords)
  const contents = new Int32Array(steps.length * words + dataWords)
  let dataAt = steps.length * words
  let released = 0
  try {
    for (const [i, step] of steps.entries()) {
      for (const output of step.outputs) output.place ??= memory.allocate(output.bytes)
      if (step.data) contents.set(step.data(), dataAt)
      contents.set(record(step, start + 4 * dataAt), i * words)
      dataAt += step.dataWords ?? 0
      released++
      releaseStep(memory, step)
    }
  } catch (error) {
    for (const step of steps.slice(released)) releaseStep(memory, step)
    memory.release(start)
    throw error
  }
  memory.int32(start, contents.length).set(contents)
  return { start, end: start + steps.length * RECORD_BYTES }
}

function releaseStep(memory: ModuleMemory, step: Step): void {
  for (const tensor of [...step.inputs, ...step.outputs]) releaseUse(memory, tensor)
}

const floatBits = new Float32Array(1)
const floatBitsAsInt = new Int32Array(floatBits.buffer)

/** The bits of a float32, as records hold them. */
function bits(value: number): number {
  floatBits[0] = value
  return floatBitsAsInt[0] ?? 0
}

function record(step: Step, data: number): Int32Array {
  const words = new Int32Array(RECORD_BYTES / 4)
  words[WORD.opcode] = opcode(step.operation, step.tile)
  words[WORD.tasks] = step.tasks
  const values = step.arguments(data) as Readonly<Record<string, number>>
  for (const [i, [name, type]] of Object.entries(OPERATIONS[step.operation].arguments).entries()) {
    const value = values[name] ?? 0
    words[WORD.arguments + i] = type === 'i32' ? value : bits(value)
  }
  return words
}

/** Counts a step as a user of its tensors, until it has run. */
export function retain(step: Step): Step {
  for (const tensor of [...step.inputs, ...step.outputs]) {
    if (tensor.freed && tensor.shape.length > 0) throw freedTensor()
    tensor.uses++
  }
  return step
}

export function releaseUse(memory: ModuleMemory, tensor: SimdTensor): void {
  tensor.uses--
  releaseIfUnused(memory, tensor)
}

export function releaseIfUnused(memory: ModuleMemory, tensor: SimdTensor): void {
  if (!tensor.freed || tensor.uses > 0 || tensor.place === undefined) return
  memory.release(tensor.place)
  tensor.place = undefined
}

/**
 * Finds out what relaxed SIMD is on this machine. No interface tells, so it is tried out, in a few milliseconds:
 *
 * - Which instruction for int8 · one byte? With AVX-VNNI or Arm's dot product, an engine makes the fused dot-and-add one
 *   instruction, and nothing else comes near. Without them it makes three or four of it, and products in pairs are faster.
 * - Does it read all eight bits of a byte, and how (READING in layout.ts)? Then activations have up to twice the precision
 *   for the same price. The standard lets an engine choose, but not change its mind.
 */
import { nodeVersion } from '../../../platform.ts'
import { instantiate, type ModuleExports } from './inline.ts'
import { padded, ROW_SCALE_BYTES, type Reading } from '../layout.ts'
import { ModuleMemory } from '../memory.ts'
import { writeProgram, type StepOf } from '../program.ts'
import { tile } from '../tiles.ts'

const [ROWS, INPUTS] = [12, 256]
/** Rounds and turns of a chain. Long enough for a browser's clock, which may tick every tenth of a millisecond. */
const [ROUNDS, TURNS] = [3, 2000]
/** One instruction takes about half the time of three. If the engine makes three of it, both chains take the same time. */
const FUSED_BELOW = 0.7

type Candidate = 'bytesPairs' | 'bytesFused'

export interface Probed {
  readonly tile: Candidate
  readonly reading: Reading
}

/** Finds the fastest tile for bytes. `module` has relaxed SIMD. */
export function probe(module: WebAssembly.Module, shared: boolean): Probed {
  const memory = new ModuleMemory(shared)
  const { run, ...chains } = instantiate(module, memory.memory)
  if (isOneInstruction(chains)) {
    const tile = 'bytesFused'
    if (reads(memory, run, tile, 255, 127, byte => byte)) return { tile, reading: 'unsigned' }
    if (reads(memory, run, tile, 255, 127, byte => (byte << 24) >> 24)) return { tile, reading: 'signed' }
    // The machine's one instruction reads all eight bits. If not, a busy moment has spoilt the timing.
  }
  const tile = 'bytesPairs'
  // In pairs, two products have to fit into int16.
  return { tile, reading: reads(memory, run, tile, 255, 63, byte => byte) ? 'unsigned' : 'seven' }
}

type Run = ModuleExports['run']

function isOneInstruction({ pairs, fused }: Omit<ModuleExports, 'run'>): boolean {
  // QUIRK: Node 20 has relaxed SIMD behind a flag, and compiles the fused instruction wrongly if registers are scarce.
  if (!pairs || !fused || (nodeVersion() > 0 && nodeVersion() < 22)) return false
  const best = { pairs: Infinity, fused: Infinity }
  for (let round = 0; round < ROUNDS; round++) {
    best.pairs = Math.min(best.pairs, timeOf(pairs))
    best.fused = Math.min(best.fused, timeOf(fused))
  }
  return best.fused < FUSED_BELOW * best.pairs
}

function timeOf(chain: (turns: number) => number): number {
  const start = performance.now()
  chain(TURNS)
  return performance.now() - start
}

/**
 * Whether the engine gives the known answers, if it reads a byte as `read` says. The rows hold every byte up to `largest`, and two hold
 * only the largest. The weights are `weight` and −1 − `weight`.
 */
function reads(
  memory: ModuleMemory,
  run: Run,
  name: Candidate,
  largest: number,
  weight: number,
  read: (byte: number) => number,
): boolean {
  const { step, x, panels, columns, y, yStride } = product(memory, name)
  const { rows, width } = tile(name)
  const activations = new Uint8Array(memory.memory.buffer, x, ROWS * INPUTS)
  for (let i = 0; i < activations.length; i++) activations[i] = i < 2 * INPUTS ? largest : (i * 37) & largest
  const weights = memory.int8(panels, INPUTS * width)
  for (let i = 0; i < weights.length; i++) weights[i] = (i >> 2) % width < width / 2 ? weight : -1 - weight
  memory
    .float32(columns, 3 * width)
    .fill(0)
    .fill(1, width, 2 * width)
  memory
    .float32(step.arguments(0).rowScales, (ROWS * ROW_SCALE_BYTES) / 4)
    .forEach((_, i, all) => (all[i] = 1 - (i % 2)))
  const program = writeProgram(memory, [step])
  run(program.start, program.end, 0)
  for (let row = 0; row < ROWS; row++) {
    let sum = 0
    for (let k = 0; k < INPUTS; k++) sum += read(activations[placeOf(row, k, rows)] ?? 0)
    const found = memory.float32(y + row * yStride, width)
    if (found[0] !== Math.fround(weight * sum) || found[width - 1] !== Math.fround((-1 - weight) * sum)) return false
  }
  return true
}

/** The place of byte k of a row in tiles of `rows` rows (assembly/operand.ts). */
function placeOf(row: number, k: number, rows: number): number {
  return (row - (row % rows)) * INPUTS + 4 * ((k >> 2) * rows + (row % rows)) + (k & 3)
}

function product(memory: ModuleMemory, name: Candidate) {
  const shape = tile(name)
  const { width } = shape
  const panelBytes = INPUTS * width
  const yStride = 4 * padded(width)
  const [x, panels, columns, y, rowScales] = [
    memory.allocate(ROWS * INPUTS),
    memory.allocate(panelBytes),
    memory.allocate(12 * width),
    memory.allocate(ROWS * yStride),
    memory.allocate(ROWS * ROW_SCALE_BYTES),
  ]
  const step: StepOf<'linear'> = {
    operation: 'linear',
    tile: shape,
    tasks: 1,
    inputs: [],
    outputs: [],
    arguments: () => ({
      x,
      xStride: INPUTS,
      rows: ROWS,
      rowBlock: ROWS,
      panels,
      panelCount: 1,
      panelBytes,
      panelGroup: 1,
      columns,
      columnBytes: 0,
      y,
      yStride,
      gelu: 0,
      rowScales,
    }),
  }
  return { step, x, panels, columns, y, yStride }
}

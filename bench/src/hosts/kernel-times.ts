/**
 * How long each kernel takes within a forward pass. Backends that record and run later cannot be stopped between two
 * kernels, so each is run by itself: once per layer, on that layer's own weights (which then come from memory, not from a
 * cache, as they do in a forward pass), and all of them in one program.
 */
import type { Kernels, LinearWeights, StoredTensor, Tensor } from '../../../dist/kernels/kernels.js'
import type { BertConfig } from '../../../dist/layers/config.js'
import { summarise } from '../stats.ts'
import type { KernelTime } from './host.ts'

const RUNS = 7

export async function timeKernels(kernels: Kernels, config: BertConfig, T: number): Promise<readonly KernelTime[]> {
  const { hiddenSize: C, intermediateSize: F, numHiddenLayers: N, numAttentionHeads: H, vocabSize: V } = config
  const L = config.labels.length
  const starts = Int32Array.of(0, T)
  const table = (rows: number) => kernels.embeddingWeights(matrix('table', rows, C))
  const tables = {
    word: await table(V),
    position: await table(config.maxPositionEmbeddings),
    tokenType: await table(config.typeVocabSize),
  }
  const norm = await kernels.normWeights(vector(C), vector(C), 1e-12)
  const batch = {
    ids: Int32Array.from({ length: T }, (_, i) => (i * 7919) % V),
    typeIds: new Int32Array(T),
    positions: Int32Array.from({ length: T }, (_, i) => i),
    starts,
  }
  const layers = async (inputs: number, outputs: number, count = N) => {
    const weights: LinearWeights[] = []
    for (let i = 0; i < count; i++) {
      weights.push(
        await kernels.linearWeights([{ weight: matrix(`weight ${i}`, outputs, inputs), bias: vector(outputs) }]),
      )
    }
    return weights
  }
  const [inputs, wide, context] = await makeInputs(kernels, T, C, F, tables, norm, batch)
  const linear = (inner: number, outer: number) => 2 * T * inner * outer
  const each = (weights: readonly LinearWeights[], x: Tensor) => () => weights.map(weight => kernels.linear(x, weight))

  const measured: KernelTime[] = []
  const add = async (name: string, calls: number, flop: number, body: () => readonly Tensor[]) => {
    measured.push({ name, calls, flop, ms: await medianOf(kernels, body, calls) })
  }
  await add('embed', 1, 0, () => [kernels.embed(batch, tables, norm)])
  await add(`linear ${C} → ${3 * C} (Q, K, V)`, N, linear(C, 3 * C), each(await layers(C, 3 * C), inputs))
  await add('attention', N, 4 * T * T * C, () => repeat(N, () => kernels.attention(context, starts, H)))
  await add(`linear ${C} → ${C}`, N, linear(C, C), each(await layers(C, C), inputs))
  await add('addLayerNorm', 2 * N, 0, () => repeat(2 * N, () => kernels.addLayerNorm(inputs, inputs, norm)))
  const inner = await layers(C, F)
  await add(`linearGelu ${C} → ${F}`, N, linear(C, F), () => inner.map(weight => kernels.linearGelu(inputs, weight)))
  await add(`linear ${F} → ${C}`, N, linear(F, C), each(await layers(F, C), wide))
  await add(`linear ${C} → ${L} (classifier)`, 1, linear(C, L), each(await layers(C, L, 1), inputs))
  return measured
}

const repeat = (count: number, body: () => Tensor) => Array.from({ length: count }, body)

/** x of width C, of width F, of width 3·C: made by the kernels themselves, since only they can make tensors. */
async function makeInputs(
  kernels: Kernels,
  T: number,
  C: number,
  F: number,
  tables: Parameters<Kernels['embed']>[1],
  norm: Parameters<Kernels['embed']>[2],
  batch: Parameters<Kernels['embed']>[0],
): Promise<readonly [Tensor, Tensor, Tensor]> {
  const toWide = await kernels.linearWeights([{ weight: matrix('wide', F, C), bias: vector(F) }])
  const toQkv = await kernels.linearWeights([{ weight: matrix('qkv', 3 * C, C), bias: vector(3 * C) }])
  const made = kernels.scope(() => {
    const x = kernels.embed(batch, tables, norm)
    return [x, kernels.linearGelu(x, toWide), kernels.linear(x, toQkv)]
  })
  const [x, wide, qkv] = made
  if (!x || !wide || !qkv) throw new Error(`expected three tensors for ${T} tokens`)
  for (const tensor of made) await kernels.read(tensor)
  return [x, wide, qkv]
}

/** Milliseconds of one call: the median of RUNS programs of `calls` calls each. */
async function medianOf(kernels: Kernels, body: () => readonly Tensor[], calls: number): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < RUNS + 2; run++) {
    const start = performance.now()
    const tensors = kernels.scope(body)
    const last = tensors.at(-1)
    if (last) await kernels.read(last)
    times.push(performance.now() - start)
    for (const tensor of tensors) kernels.free(tensor)
  }
  return summarise(times.slice(2)).median / calls
}

/** Ordinary numbers (denormal ones would be slow), different in each row. */
function matrix(name: string, rows: number, width: number): StoredTensor {
  const data = new Float32Array(rows * width)
  for (let i = 0, state = rows; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    data[i] = state * 2 ** -36
  }
  return { name, stored: 'F32', shape: [rows, width], data }
}

function vector(width: number): StoredTensor {
  return { name: 'vector', stored: 'F32', shape: [width], data: new Float32Array(width).fill(0.5) }
}

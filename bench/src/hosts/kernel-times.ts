/**
 * Measures the time of each kernel in a forward pass. Backends that record first and run later cannot be stopped between
 * two kernels. So each kernel runs by itself, in one program, once per layer on that layer's own weights. The weights then
 * come from memory, not from a cache, as in a forward pass.
 */
import { loadLayer, random, randomBatch, randomLayer, randomLinear, runLayer } from '../../../dist/kernels/exercise.js'
import type { Kernels, LinearWeights, Tensor } from '../../../dist/kernels/kernels.js'
import { SimdKernels } from '../../../dist/kernels/simd/simd.js'
import { SimdTensor } from '../../../dist/kernels/simd/program.js'
import type { BertConfig } from '../../../dist/layers/config.js'
import { summarise } from '../stats.ts'
import type { KernelTime } from './host.ts'

const RUNS = 15

export async function timeKernels(kernels: Kernels, config: BertConfig, T: number): Promise<readonly KernelTime[]> {
  const { hiddenSize: C, intermediateSize: F, numHiddenLayers: N, numAttentionHeads: H, vocabSize: V } = config
  const L = config.labels.length
  const next = random(1)
  const size = { C, H, F, lengths: [T], vocabulary: V }
  const layer = await loadLayer(kernels, randomLayer(size, next), H)
  const batch = randomBatch(size, next)
  const { embedded, qkv, activated, ...others } = runLayer(kernels, layer, batch)
  for (const tensor of [embedded, qkv, activated]) await kernels.read(tensor)
  for (const tensor of Object.values(others)) kernels.free(tensor)
  const layers = async (inputs: number, outputs: number, count = N) => {
    const weights: LinearWeights[] = []
    for (let i = 0; i < count; i++) weights.push(await kernels.linearWeights([randomLinear(next, outputs, inputs)]))
    return weights
  }
  const linear = (inner: number, outer: number) => 2 * T * inner * outer
  const each = (weights: readonly LinearWeights[], x: Tensor) => () => weights.map(weight => kernels.linear(x, weight))

  const measured: KernelTime[] = []
  const add = async (name: string, calls: number, flop: number, body: () => readonly Tensor[]) => {
    measured.push({ name, calls, flop, ms: await fastestOf(kernels, body, calls) })
  }
  await add('embed', 1, 0, () => [kernels.embed(batch, layer.tables, layer.norm)])
  await add(`linear ${C} → ${3 * C} (Q, K, V)`, N, linear(C, 3 * C), each(await layers(C, 3 * C), embedded))
  await add('attention', N, 4 * T * T * C, () => repeat(N, () => kernels.attention(qkv, batch.starts, H)))
  if (kernels instanceof SimdKernels && qkv instanceof SimdTensor) {
    const steps = await attentionSteps(kernels, qkv, batch.starts, H, N)
    for (const { name, ms } of steps) measured.push({ name, calls: N, flop: 0, ms, isPart: true })
  }
  await add(`linear ${C} → ${C}`, N, linear(C, C), each(await layers(C, C), embedded))
  await add('addLayerNorm', 2 * N, 0, () => repeat(2 * N, () => kernels.addLayerNorm(embedded, embedded, layer.norm)))
  const inner = await layers(C, F)
  await add(`linearGelu ${C} → ${F}`, N, linear(C, F), () => inner.map(weight => kernels.linearGelu(embedded, weight)))
  await add(`linear ${F} → ${C}`, N, linear(F, C), each(await layers(F, C), activated))
  await add(`linear ${C} → ${L} (classifier)`, 1, linear(C, L), each(await layers(C, L, 1), embedded))
  return measured
}

/**
 * The steps of attention in integers: what each adds to the time of those before it. In float32, softmax and both products are one
 * row. Programs take turns, since a difference of times is noisier than a time.
 */
async function attentionSteps(kernels: SimdKernels, qkv: SimdTensor, starts: Int32Array, heads: number, calls: number) {
  const names = ['packing of K and V', ...(qkv.fromIntegers ? ['Q·Kᵀ', 'softmax'] : []), 'P·V']
  if (!qkv.fromIntegers) names[1] = 'products, softmax'
  const times = names.map((): number[] => [])
  for (let run = 0; run < 2 * RUNS; run++) {
    for (const [i, all] of times.entries()) {
      const parts = i === times.length - 1 ? 3 : (i as 0 | 1 | 2)
      const start = performance.now()
      const tensors = repeat(calls, () => kernels.attention(qkv, starts, heads, parts))
      const last = tensors.at(-1)
      if (last) await kernels.read(last)
      all.push(performance.now() - start)
      for (const tensor of tensors) kernels.free(tensor)
    }
  }
  const fastest = times.map(all => summarise(all.slice(2)).min / calls)
  return names.map((name, i) => ({ name: `  ${name}`, ms: (fastest[i] ?? 0) - (fastest[i - 1] ?? 0) }))
}

const repeat = <T extends Tensor>(count: number, body: () => T) => Array.from({ length: count }, body)

/** Milliseconds of one call: the fastest of RUNS programs of `calls` calls each. Others can only make a program slower. */
async function fastestOf(kernels: Kernels, body: () => readonly Tensor[], calls: number): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < RUNS + 2; run++) {
    const start = performance.now()
    const tensors = kernels.scope(body)
    const last = tensors.at(-1)
    if (last) await kernels.read(last)
    times.push(performance.now() - start)
    for (const tensor of tensors) kernels.free(tensor)
  }
  return summarise(times.slice(2)).min / calls
}

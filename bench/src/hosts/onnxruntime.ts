/** Runs onnxruntime, web or native, as its users run BERT: int64 inputs, padded to the longest of the batch. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importPeer } from '../paths.ts'
import type { Host, LoadOptions, Sequence } from './host.ts'

interface Ort {
  readonly env: { wasm: { numThreads: number } }
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => object
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<Session> }
}

interface Session {
  run(feeds: Record<string, object>): Promise<{ logits: { data: Float32Array; dims: readonly number[] } }>
}

export async function load({ engine: { options }, folder, threads }: LoadOptions): Promise<Host> {
  const path = join(folder, 'onnx', `${options.graph ?? 'model'}.onnx`)
  const start = performance.now()
  const isWeb = options.runtime === 'web'
  const imported = (await importPeer(
    isWeb ? 'onnxruntime-web' : 'onnxruntime-node',
    isWeb ? 'dist/ort.node.min.mjs' : undefined,
  )) as Ort & { default?: Ort }
  const ort = imported.default ?? imported
  if (isWeb) ort.env.wasm.numThreads = threads
  const importing = performance.now() - start
  const session = isWeb
    ? await ort.InferenceSession.create(readFileSync(path), {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
      })
    : await ort.InferenceSession.create(path, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' })
  return {
    stages: { import: importing, 'create session': performance.now() - start - importing },
    async forward(batch) {
      const { logits } = await session.run(feeds(ort, batch))
      return () => unpad(logits.data, logits.dims, batch)
    },
  }
}

function feeds({ Tensor }: Ort, batch: readonly Sequence[]): Record<string, object> {
  const width = Math.max(...batch.map(({ ids }) => ids.length))
  const dims = [batch.length, width]
  const ids = new BigInt64Array(batch.length * width)
  const mask = new BigInt64Array(ids.length)
  const types = new BigInt64Array(ids.length)
  for (const [b, sequence] of batch.entries()) {
    for (const [i, id] of sequence.ids.entries()) {
      ids[b * width + i] = BigInt(id)
      types[b * width + i] = BigInt(sequence.typeIds[i] ?? 0)
    }
    mask.fill(1n, b * width, b * width + sequence.ids.length)
  }
  return {
    input_ids: new Tensor('int64', ids, dims),
    attention_mask: new Tensor('int64', mask, dims),
    token_type_ids: new Tensor('int64', types, dims),
  }
}

/** [B, longest, L] → [T, L]: the rows of real tokens. */
export function unpad(data: Float32Array, dims: readonly number[], batch: readonly Sequence[]): Float32Array {
  const [, width = 0, labels = 0] = dims
  const T = batch.reduce((sum, { ids }) => sum + ids.length, 0)
  const packed = new Float32Array(T * labels)
  let at = 0
  for (const [b, { ids }] of batch.entries()) {
    const row = b * width * labels
    packed.set(data.subarray(row, row + ids.length * labels), at)
    at += ids.length * labels
  }
  return packed
}

/**
 * Runs BERT on stock @tensorflow/tfjs-backend-wasm, in two ways:
 *   first  matrices as the checkpoint has them, tf.matMul(x, W, false, true), heads as one batched product
 *   fast   the form that reaches XNNPACK: W transposed once, two-dimensional, bias fused into the product
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importPeer, packageFolder } from '../paths.ts'
import type { Host, LoadOptions, Sequence } from './host.ts'
import { readTensors } from './tensors.ts'

interface Tensor {
  readonly shape: number[]
  dataSync(): Float32Array
  dispose(): void
}

interface Tf {
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
  tidy<T>(body: () => T): T
  tensor(data: Float32Array, shape: readonly number[]): Tensor
  tensor1d(data: readonly number[], dtype: 'int32'): Tensor
  gather(table: Tensor, indices: Tensor): Tensor
  reshape(x: Tensor, shape: readonly number[]): Tensor
  transpose(x: Tensor, axes?: readonly number[]): Tensor
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor
  readonly fused: { matMul(arguments_: { a: Tensor; b: Tensor; bias: Tensor }): Tensor }
  add(a: Tensor, b: Tensor | number): Tensor
  sub(a: Tensor, b: Tensor): Tensor
  mul(a: Tensor, b: Tensor | number): Tensor
  mean(x: Tensor, axis: number, keepDims: boolean): Tensor
  square(x: Tensor): Tensor
  rsqrt(x: Tensor): Tensor
  erf(x: Tensor): Tensor
  softmax(x: Tensor): Tensor
}

interface Config {
  num_hidden_layers: number
  num_attention_heads: number
  hidden_size: number
  layer_norm_eps: number
}

export async function load({ engine: { options }, folder }: LoadOptions): Promise<Host> {
  const start = performance.now()
  const tf = (await importPeer('@tensorflow/tfjs-core')) as Tf
  const wasm = (await importPeer('@tensorflow/tfjs-backend-wasm')) as { setWasmPaths(path: string): void }
  wasm.setWasmPaths(join(packageFolder('@tensorflow/tfjs-backend-wasm') ?? '', 'dist/'))
  await tf.setBackend('wasm')
  await tf.ready()
  const importing = performance.now() - start
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Config
  const isFast = options.style === 'fast'
  const weights = new Map<string, Tensor>()
  for (const { name, shape, data } of readTensors(join(folder, 'model.safetensors'))) {
    const tensor = tf.tensor(data, shape)
    const isMatrix = shape.length === 2 && !name.includes('embeddings')
    weights.set(name.replace(/^bert\./, ''), isMatrix && isFast ? tf.transpose(tensor) : tensor)
    if (isMatrix && isFast) tensor.dispose()
  }
  return {
    stages: { import: importing, weights: performance.now() - start - importing },
    forward(batch) {
      const rows = batch.map(sequence => forward(tf, weights, config, isFast, sequence))
      const logits = rows.map(tensor => tensor.dataSync())
      for (const tensor of rows) tensor.dispose()
      return Promise.resolve(() => logits.flatMap(values => [...values]))
    },
  }
}

function forward(
  tf: Tf,
  weights: ReadonlyMap<string, Tensor>,
  config: Config,
  isFast: boolean,
  sequence: Sequence,
): Tensor {
  const { num_attention_heads: H, hidden_size: C, layer_norm_eps: epsilon } = config
  const n = sequence.ids.length
  const weight = (name: string): Tensor => {
    const tensor = weights.get(name)
    if (!tensor) throw new Error(`no weight ${name}`)
    return tensor
  }
  const linear = (x: Tensor, name: string) => {
    const [b, bias] = [weight(`${name}.weight`), weight(`${name}.bias`)]
    return isFast ? tf.fused.matMul({ a: x, b, bias }) : tf.add(tf.matMul(x, b, false, true), bias)
  }
  const norm = (x: Tensor, name: string) => {
    const centred = tf.sub(x, tf.mean(x, -1, true))
    const scaled = tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)))
    return tf.add(tf.mul(scaled, weight(`${name}.weight`)), weight(`${name}.bias`))
  }
  const gelu = (x: Tensor) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))
  const look = (table: string, indices: readonly number[]) =>
    tf.gather(weight(`embeddings.${table}_embeddings.weight`), tf.tensor1d(indices, 'int32'))
  const heads = (x: Tensor) => tf.transpose(tf.reshape(x, [n, H, C / H]), [1, 0, 2]) // [H, n, D]
  return tf.tidy(() => {
    const positions = Array.from({ length: n }, (_, i) => i)
    const embedded = tf.add(look('word', sequence.ids), look('token_type', sequence.typeIds))
    let x = norm(tf.add(embedded, look('position', positions)), 'embeddings.LayerNorm') // [n, C]
    for (let i = 0; i < config.num_hidden_layers; i++) {
      const layer = `encoder.layer.${i}`
      const [q, k, v] = ['query', 'key', 'value'].map(part => heads(linear(x, `${layer}.attention.self.${part}`)))
      if (!q || !k || !v) throw new Error('no heads')
      const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(C / H)) // [H, n, n]
      const context = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [1, 0, 2]), [n, C])
      const attended = linear(context, `${layer}.attention.output.dense`)
      const y = norm(tf.add(attended, x), `${layer}.attention.output.LayerNorm`)
      const inner = gelu(linear(y, `${layer}.intermediate.dense`))
      x = norm(tf.add(linear(inner, `${layer}.output.dense`), y), `${layer}.output.LayerNorm`)
    }
    return linear(x, 'classifier')
  })
}

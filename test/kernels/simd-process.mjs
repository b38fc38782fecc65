/** What only a process of its own can show. Prints one line of JSON. node --expose-gc simd-process.mjs exit|memory THREADS */
import { loadSimd } from '../../dist/kernels/simd/engine/load.js'

const [, , mode, threads] = process.argv
const [N, K, COUNT] = [1024, 1024, 40] // 160 MiB of float32

async function work() {
  const simd = await loadSimd({ dtype: 'fp32', threads: Number(threads) })
  const weight = { name: 'w', stored: 'F32', shape: [N, K], data: new Float32Array(N * K).fill(0.01) }
  const bias = { name: 'b', stored: 'F32', shape: [N], data: new Float32Array(N) }
  const vector = { name: 'v', stored: 'F32', shape: [K], data: new Float32Array(K).fill(1) }
  const table = await simd.embeddingWeights({ ...vector, shape: [1, K] })
  const norm = await simd.normWeights(vector, vector, 1e-12)
  const layers = []
  for (let i = 0; i < COUNT; i++) layers.push(await simd.linearWeights([{ weight, bias }]))
  const T = 8
  const zeros = new Int32Array(T)
  const batch = { ids: zeros, typeIds: zeros, positions: zeros, starts: Int32Array.of(0, T) }
  const y = simd.scope(() => {
    const x = simd.embed(batch, { word: table, position: table, tokenType: table }, norm)
    return layers.reduce((sum, layer) => simd.addLayerNorm(simd.linear(x, layer), sum, norm), x)
  })
  const values = await simd.read(y)
  return { simd, sum: values.reduce((total, value) => total + value, 0) }
}

/** Memory goes back with the garbage collector, which wants to be asked more than once. */
async function resident() {
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.()
    await new Promise(resolve => setTimeout(resolve, 30))
  }
  return process.memoryUsage().rss / 2 ** 20
}

if (mode === 'exit') {
  const { sum } = await work()
  console.log(JSON.stringify({ sum })) // and now the process must end by itself, though nobody disposed of anything
} else {
  const before = await resident()
  const disposeOf = async () => {
    const { simd } = await work()
    const loaded = await resident()
    await simd.dispose()
    return loaded
  }
  const loaded = await disposeOf()
  console.log(JSON.stringify({ before, loaded, after: await resident() }))
}

/** tfjs beyond conformance.test.ts: NaN, GELU, errors, and what it leaves behind: nothing. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from '@jest/globals'
import type { Kernels, Tensor } from '../../dist/kernels/kernels.js'
import { loadKernels } from '../../dist/kernels/load.js'
import '../../dist/tfjs.js'
import { packBatch } from '../../dist/layers/batch.js'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { sourceFromBytes } from '../../dist/source/source.js'
import { maxDifference } from '../helpers/fixtures.ts'
import { MINI, randomIds, randomModel } from '../helpers/random-model.js'
import { float32, linearPart, uniform } from '../helpers/random-tensors.ts'

const sequence = (length: number, seed = 0) => ({
  ids: randomIds(length, MINI.vocab, seed),
  typeIds: randomIds(length, 2, seed),
})

describe.each(['wasm', 'cpu'] as const)('device %s', device => {
  test('NaN does not pass for an answer', async () => {
    const files = randomModel()
    const weights = files['model.safetensors'].slice()
    weights.fill(0xff, weights.length - 400) // classifier.bias ends there: NaN
    const model = await BertForTokenClassification.load(sourceFromBytes({ ...files, 'model.safetensors': weights }), {
      backend: 'tfjs',
      device,
    })
    await expect(model.forward(packBatch([sequence(4)]))).rejects.toMatchObject({ code: 'BACKEND_NOT_FINITE' })
    await model.dispose()
  })
})

test('GELU: within 6e-7 of the exact one', async () => {
  const [naive, tfjs] = [await loadKernels({ backend: 'naive' }), await loadKernels({ backend: 'tfjs' })]
  const values = Float32Array.from({ length: 24_001 }, (_, i) => (i - 12_000) / 1000)
  const gelu = async (kernels: Kernels) => {
    // x as the bias of a product with 0.
    const zero = {
      name: 'zero',
      stored: 'F32',
      shape: [values.length, 1],
      data: new Float32Array(values.length),
    } as const
    const weights = await kernels.linearWeights([
      { weight: zero, bias: { ...zero, shape: [values.length], data: values } },
    ])
    const table = await kernels.embeddingWeights({ ...zero, shape: [1, 1], data: new Float32Array(1) })
    const one = { ...zero, shape: [1], data: new Float32Array(1) }
    const norm = await kernels.normWeights(one, one, 1e-12)
    const batch = packBatch([{ ids: [0], typeIds: [0] }])
    const y = kernels.scope(() =>
      kernels.linearGelu(kernels.embed(batch, { word: table, position: table, tokenType: table }, norm), weights),
    )
    const result = await kernels.read(y)
    kernels.free(y)
    await kernels.dispose()
    return result
  }
  expect(maxDifference(await gelu(naive), await gelu(tfjs))).toBeLessThan(6e-7)
})

describe('nothing is left behind', () => {
  test('a soak of 2,000 random lengths is flat, and dispose() leaves tf.memory() as it was', async () => {
    const before = { ...tf.memory() }
    const model = await BertForTokenClassification.load(
      sourceFromBytes(randomModel({ layers: 1, hidden: 16, heads: 2, intermediate: 32, vocab: 50, positions: 96 })),
      { backend: 'tfjs' },
    )
    const loaded = { ...tf.memory() }
    const next = uniform(6)
    const length = () => 1 + Math.floor((next() + 1) * 47)
    let heap = 0
    for (let i = 0; i < 2000; i++) {
      const lengths = i % 10 === 0 ? [length(), length()] : [length()]
      const sequences = lengths.map(n => ({ ids: randomIds(n, 50, i), typeIds: randomIds(n, 2, i) }))
      await model.forward(packBatch(sequences), { trace: i % 100 === 0 })
      if (i === 200) heap = heapBytes()
    }
    expect(tf.memory()).toMatchObject({ numTensors: loaded.numTensors, numBytes: loaded.numBytes })
    expect(heapBytes()).toBe(heap)
    await model.dispose()
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
  })

  test('a model that fails to load frees what it had', async () => {
    const files = randomModel()
    const before = tf.memory().numTensors
    const config = new TextEncoder().encode(
      new TextDecoder().decode(files['config.json']).replace('"num_hidden_layers":2', '"num_hidden_layers":3'),
    )
    const failing = BertForTokenClassification.load(sourceFromBytes({ ...files, 'config.json': config }), {
      backend: 'tfjs',
    })
    await expect(failing).rejects.toMatchObject({ code: 'CHECKPOINT_KEYS' })
    expect(tf.memory().numTensors).toBe(before)
  })

  test('the active tfjs backend of the page stays what it was', async () => {
    await loadKernels({ backend: 'tfjs', device: 'cpu' })
    await tf.setBackend('cpu')
    const model = await BertForTokenClassification.load(sourceFromBytes(randomModel()), {
      backend: 'tfjs',
      device: 'wasm',
    })
    await model.forward(packBatch([sequence(30)]))
    expect(tf.getBackend()).toBe('cpu')
    await model.dispose()
    await tf.setBackend('wasm')
  })
})

/** Bytes of tfjs-wasm's memory, which only ever grows. */
function heapBytes(): number {
  return (tf.engine().findBackend('wasm') as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength
}

describe('coded errors', () => {
  test('what would not fit the memory of wasm is refused before it is allocated: its malloc does not check', async () => {
    const kernels = await loadKernels({ backend: 'tfjs' })
    const before = { ...tf.memory() }
    const qkv: Tensor = { shape: [30_000, 12] }
    const starts = Int32Array.of(0, 30_000)
    const huge = { ...linearPart(1, 1, uniform(7)), weight: { ...float32([1, 1], uniform(7)), shape: [1, 2 ** 30] } }
    for (const operation of [() => kernels.attention(qkv, starts, 2), () => void kernels.linearWeights([huge])]) {
      expect(operation).toThrow(expect.objectContaining({ code: 'BACKEND_MEMORY' }))
    }
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes })
    await kernels.dispose()
  })

  test('a device that tfjs does not know', async () => {
    await expect(loadKernels({ backend: 'tfjs', device: 'quantum' })).rejects.toMatchObject({ code: 'BACKEND_DEVICE' })
  })

  /** What a program of its own prints: how tfjs starts a device is decided once for a process. */
  const printed = (script: string) => {
    const load = new URL('../../dist/kernels/load.js', import.meta.url).href
    const node = new URL('../../dist/node.js', import.meta.url).href
    return execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `import { loadKernels } from '${load}'\nimport '${node}'\n${script}`],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'], // tfjs prints why it failed
      },
    ).trim()
  }

  test('a folder without the .wasm files, and another try', () => {
    const script = `for (const wasm of ['/no/such/folder', 'node_modules/@tensorflow/tfjs-backend-wasm/dist']) {
      await loadKernels({ backend: 'tfjs', wasm }).catch(error => { console.log(error.code, error.nextStep) })
    }`
    expect(printed(script).split('\n')).toEqual([
      "BACKEND_UNAVAILABLE Try device: 'wasm' with its .wasm files in the folder that the option wasm names, or another backend.",
      'BACKEND_UNAVAILABLE Load the page again, or start the process again.',
    ])
  })

  test('a device that the page registered takes the folder too', () => {
    const script = `import '@tensorflow/tfjs-backend-wasm'
      await loadKernels({ backend: 'tfjs', wasm: '/no/such/folder' }).catch(error => { console.log(error.code) })`
    expect(printed(script)).toBe('BACKEND_UNAVAILABLE')
  })

  test('tfjs starts no threads, which wait for ever where a page forbids them', () => {
    const script = `import * as tf from '@tensorflow/tfjs-core'
      import '@tensorflow/tfjs-backend-wasm'
      tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true)
      await (await loadKernels({ backend: 'tfjs' })).dispose()
      console.log(tf.engine().findBackend('wasm').wasm.HEAPU8.buffer instanceof SharedArrayBuffer)`
    expect(printed(script)).toBe('false')
  })

  test('tfjs is not installed', () => {
    // A copy of dist/ in a folder from which no node_modules can be found.
    const folder = mkdtempSync(join(tmpdir(), 'bert-ner-'))
    try {
      cpSync(fileURLToPath(new URL('../../dist', import.meta.url)), join(folder, 'dist'), { recursive: true })
      const load = pathToFileURL(join(folder, 'dist/kernels/load.js')).href
      const node = pathToFileURL(join(folder, 'dist/node.js')).href
      const script = `import '${node}'; import('${load}').then(m => m.loadKernels({ backend: 'tfjs' })).catch(e => console.log(e.code, e.nextStep))`
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
      expect(output.trim()).toBe('BACKEND_UNAVAILABLE Run: npm install @tensorflow/tfjs-core')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

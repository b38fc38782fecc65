/** Threads: the same bits as one thread, an event loop that turns, and every way to end. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { tile } from '../../dist/kernels/simd/tiles.js'
import { loadSimd } from '../../dist/kernels/simd/load.js'
import { ModuleMemory } from '../../dist/kernels/simd/memory.js'
import { compileModule } from '../../dist/kernels/simd/modules.js'
import { PoolEngine } from '../../dist/kernels/simd/pool.js'
import { SimdKernels } from '../../dist/kernels/simd/simd.js'
import { threadSpawner, type Spawn, type Thread } from '../../dist/kernels/simd/threads.js'
import { batchOf, differing, random, runAll, weightsOf, type Case } from './simd.helpers.ts'

const shape: Case = { C: 64, H: 4, F: 256, lengths: [37, 1, 90] }
const script = fileURLToPath(new URL('simd-process.mjs', import.meta.url))
const run = promisify(execFile)

async function inProcess(mode: string, threads: number): Promise<Record<string, number>> {
  const { stdout } = await run(process.execPath, ['--expose-gc', script, mode, String(threads)], { timeout: 60_000 })
  return JSON.parse(stdout) as Record<string, number>
}

/** Kernels on a pool whose threads are started by `spawn`. */
async function poolOf(threads: number, wrap: (spawn: Spawn) => Spawn): Promise<SimdKernels> {
  const module = await compileModule({ level: 'portable', shared: true })
  const spawn = await threadSpawner()
  if (!spawn) throw new Error('no threads here')
  const engine = new PoolEngine(module, new ModuleMemory(true), threads, wrap(spawn))
  return new SimdKernels(engine, { dtype: 'fp32', f32: tile('f32'), q8: tile('w8a16') })
}

describe('threads', () => {
  test.each([2, 3, 5])(
    '%i give the bits of one',
    async threads => {
      const next = random(20)
      const [weights, batch] = [weightsOf(shape, next), batchOf(shape.lengths, next)]
      for (const dtype of ['fp32', 'w8a16'] as const) {
        const [one, many] = [await loadSimd({ dtype, threads: 1 }), await loadSimd({ dtype, threads })]
        expect([one.threads, many.threads]).toEqual([1, threads])
        const expected = await runAll(one, shape, weights, batch)
        for (let i = 0; i < 5; i++) expect(differing(expected, await runAll(many, shape, weights, batch))).toEqual([])
        await many.dispose()
      }
    },
    30_000,
  )

  test('passes that overlap do not disturb each other', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const next = random(21)
    const weights = weightsOf(shape, next)
    const batches = [batchOf([5], next), batchOf([90], next), batchOf([17, 20], next)]
    const alone = []
    for (const batch of batches) alone.push(await runAll(simd, shape, weights, batch))
    const together = await Promise.all(batches.map(batch => runAll(simd, shape, weights, batch)))
    expect(alone.map((each, i) => differing(each, together[i] ?? {}))).toEqual([[], [], []])
    await simd.dispose()
  }, 30_000)

  test('the event loop turns while they work', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const next = random(22)
    const long: Case = { C: 128, H: 2, F: 512, lengths: [512, 512, 512, 512] }
    const [weights, batch] = [weightsOf(long, next), batchOf(long.lengths, next)]
    await runAll(simd, long, weights, batch) // all threads are ready after it
    let turns = 0
    let working = true
    const turn = () => {
      turns++
      if (working) setImmediate(turn)
    }
    const pass = runAll(simd, long, weights, batch)
    setImmediate(turn)
    await pass
    working = false
    expect(turns).toBeGreaterThan(10)
    await simd.dispose()
  }, 30_000)

  test('a number that makes no sense', async () => {
    for (const threads of [0, -1, 1.5, NaN, 65]) {
      await expect(loadSimd({ threads })).rejects.toMatchObject({ code: 'OPTION_THREADS' })
    }
  })
})

describe('the end', () => {
  test.each([1, 2])(
    'a process with %i threads ends by itself',
    async threads => {
      expect(await inProcess('exit', threads)).toEqual({ sum: expect.any(Number) })
    },
    60_000,
  )

  test.each([1, 2])(
    'dispose() gives the memory back, with %i threads',
    async threads => {
      const { before = 0, loaded = 0, after = 0 } = await inProcess('memory', threads)
      expect(loaded - before).toBeGreaterThan(150)
      expect(after - before).toBeLessThan(40)
    },
    60_000,
  )

  test('a thread that dies is an error, now and later, and not a hang', async () => {
    const threads: Thread[] = []
    const simd = await poolOf(2, spawn => (onAnswer, onDeath) => {
      const thread = spawn(onAnswer, onDeath)
      threads.push(thread)
      return thread
    })
    const next = random(23)
    const [weights, batch] = [weightsOf(shape, next), batchOf(shape.lengths, next)]
    await runAll(simd, shape, weights, batch)
    const long: Case = { ...shape, lengths: [4000] }
    const pass = runAll(simd, long, weightsOf(long, next), batchOf(long.lengths, next))
    setTimeout(() => void threads[1]?.terminate(), 50)
    await expect(pass).rejects.toMatchObject({ code: 'BACKEND_WORKER_DIED' })
    await expect(runAll(simd, shape, weights, batch)).rejects.toMatchObject({ code: 'BACKEND_WORKER_DIED' })
    await simd.dispose()
  }, 30_000)

  test('a program that traps is an error with its reason', async () => {
    const simd = await poolOf(2, spawn => (onAnswer, onDeath) => {
      const thread = spawn(onAnswer, onDeath)
      return {
        ...thread,
        post: message => {
          thread.post('end' in message ? { ...message, program: 2 ** 31 - 128, end: 2 ** 31 - 1 } : message)
        },
      }
    })
    const next = random(24)
    const pass = runAll(simd, shape, weightsOf(shape, next), batchOf(shape.lengths, next))
    await expect(pass).rejects.toMatchObject({
      code: 'BACKEND_WORKER_DIED',
      message: expect.stringContaining('out of bounds'),
    })
  })

  test('where threads cannot start, this one works', async () => {
    const next = random(25)
    const [weights, batch] = [weightsOf(shape, next), batchOf(shape.lengths, next)]
    const wasm = await compileModule({ level: 'portable', shared: false })
    const expected = await runAll(await loadSimd({ dtype: 'fp32', wasm }), shape, weights, batch)
    const refused = await poolOf(2, () => () => {
      throw new Error('forbidden by a content security policy')
    })
    expect(differing(expected, await runAll(refused, shape, weights, batch))).toEqual([])
    const dying = await poolOf(2, () => (_, onDeath) => {
      setTimeout(() => {
        onDeath('not found')
      })
      return { post: () => undefined, keepAlive: () => undefined, terminate: () => Promise.resolve() }
    })
    expect(differing(expected, await runAll(dying, shape, weights, batch))).toEqual([])
  })

  test('dispose() during a pass rejects it', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const next = random(26)
    const long: Case = { ...shape, lengths: [3000] }
    const pass = runAll(simd, long, weightsOf(long, next), batchOf(long.lengths, next))
    setTimeout(() => void simd.dispose(), 100)
    await expect(pass).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
  }, 30_000)
})

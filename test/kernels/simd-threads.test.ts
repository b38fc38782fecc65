/** Threads: the same bits as one thread, an event loop that turns, and every way to end. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { random, randomBatch } from '../../dist/kernels/exercise.js'
import { tile } from '../../dist/kernels/simd/tiles.js'
import { loadSimd } from '../../dist/kernels/simd/engine/load.js'
import { ModuleMemory } from '../../dist/kernels/simd/memory.js'
import { compileModule } from '../../dist/kernels/simd/engine/modules.js'
import { PoolEngine } from '../../dist/kernels/simd/engine/pool.js'
import { SimdKernels } from '../../dist/kernels/simd/simd.js'
import { threadSpawner, type Spawn, type Thread } from '../../dist/kernels/simd/engine/threads.js'
import { caseOf, differing, runAll, type Case } from './helpers.ts'

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
  const spawn = threadSpawner()
  if (!spawn) throw new Error('no threads here')
  const engine = new PoolEngine(module, new ModuleMemory(true), threads, wrap(spawn))
  return new SimdKernels(engine, { dtype: 'fp32', f32: tile('f32'), q8: tile('w8a16') })
}

describe('threads', () => {
  test.each([2, 3, 5])(
    '%i give the bits of one',
    async threads => {
      const given = caseOf(shape, 20)
      for (const dtype of ['fp32', 'w8a16'] as const) {
        const [one, many] = [await loadSimd({ dtype, threads: 1 }), await loadSimd({ dtype, threads })]
        expect([one.threads, many.threads]).toEqual([1, threads])
        const expected = await runAll(one, given)
        for (let i = 0; i < 5; i++) expect(differing(expected, await runAll(many, given))).toEqual([])
        await many.dispose()
      }
    },
    30_000,
  )

  test('passes that overlap do not disturb each other', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const given = caseOf(shape, 21)
    const passes = [[5], [90], [17, 20]].map(lengths => ({ ...given, batch: randomBatch({ lengths }, random(21)) }))
    const alone = []
    for (const pass of passes) alone.push(await runAll(simd, pass))
    const together = await Promise.all(passes.map(pass => runAll(simd, pass)))
    expect(alone.map((each, i) => differing(each, together[i] ?? each))).toEqual([[], [], []])
    await simd.dispose()
  }, 30_000)

  test('the event loop turns while they work', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const long: Case = { C: 128, H: 2, F: 512, lengths: [512, 512, 512, 512] }
    const given = caseOf(long, 22)
    await runAll(simd, given) // all threads are ready after it
    let turns = 0
    let working = true
    const turn = () => {
      turns++
      if (working) setImmediate(turn)
    }
    const pass = runAll(simd, given)
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
    const given = caseOf(shape, 23)
    await runAll(simd, given)
    const long: Case = { ...shape, lengths: [8000] }
    const pass = runAll(simd, caseOf(long, 23))
    setTimeout(() => void threads[1]?.terminate(), 50)
    await expect(pass).rejects.toMatchObject({ code: 'BACKEND_WORKER_DIED' })
    await expect(runAll(simd, given)).rejects.toMatchObject({ code: 'BACKEND_WORKER_DIED' })
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
    const pass = runAll(simd, caseOf(shape, 24))
    await expect(pass).rejects.toMatchObject({
      code: 'BACKEND_WORKER_DIED',
      message: expect.stringContaining('out of bounds'),
    })
  })

  test('where threads cannot start, this one works', async () => {
    const given = caseOf(shape, 25)
    const wasm = await compileModule({ level: 'portable', shared: false })
    const expected = await runAll(await loadSimd({ dtype: 'fp32', wasm }), given)
    const refused = await poolOf(2, () => () => {
      throw new Error('forbidden by a content security policy')
    })
    expect(differing(expected, await runAll(refused, given))).toEqual([])
    const dying = await poolOf(2, () => (_, onDeath) => {
      setTimeout(() => {
        onDeath('not found')
      })
      return { post: () => undefined, keepAlive: () => undefined, terminate: () => Promise.resolve() }
    })
    expect(differing(expected, await runAll(dying, given))).toEqual([])
  })

  test('dispose() during a pass rejects it', async () => {
    const simd = await loadSimd({ dtype: 'fp32', threads: 2 })
    const long: Case = { ...shape, lengths: [8000] }
    const pass = runAll(simd, caseOf(long, 26))
    setTimeout(() => void simd.dispose(), 100)
    await expect(pass).rejects.toMatchObject({ code: 'BACKEND_DISPOSED' })
  }, 30_000)
})

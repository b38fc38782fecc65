/** Long texts, hung sources, failing callbacks, shared signals: nothing is lost, held up or left open. */
import { execFileSync } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { pipeline, sourceFromBytes, Tokenizer, type ModelSource, type NerPipeline } from '../../dist/node.js'
import { PIECES, tinyModel } from '../helpers/tiny-model.ts'

/** Tokens that the tiny model has rows for. */
const rows = PIECES.length

const naive = { backend: 'naive' } as const
const text = (content: string) => new TextEncoder().encode(content)

let ner: NerPipeline
let narrow: NerPipeline
beforeAll(async () => {
  ner = await pipeline('ner', tinyModel(), naive)
  narrow = await pipeline('ner', tinyModel({ model_max_length: 16 }), naive)
})

const ticksWhile = async (work: Promise<unknown>): Promise<number> => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  await work.finally(() => {
    clearInterval(timer)
  })
  return ticks
}

describe('long texts', () => {
  const words = Array.from(
    { length: 30_000 },
    (_, i) => ['Wolf', 'Berlin', 'ab-c', 'x.', '(y)', '\n'][(i * 7) % 6] ?? '',
  )
  const long = words.join(' ')

  test('the compact encoding has the pieces, places and words of the plain one', () => {
    const { tokenizer } = ner
    const plain = tokenizer.encode(long, { addSpecialTokens: false })
    const stretches = tokenizer.encodeCompact(long)
    let yields = 0
    let next = stretches.next()
    for (; !next.done; next = stretches.next()) yields++
    const { length, ids, starts, ends, wordIds, typeIds } = next.value
    expect(yields).toBeGreaterThan(1)
    expect(length).toBe(plain.ids.length)
    expect([...ids.subarray(0, length)]).toEqual(plain.ids)
    expect([...typeIds.subarray(0, length)]).toEqual(plain.typeIds)
    expect([...wordIds.subarray(0, length)]).toEqual(plain.wordIds)
    expect(Array.from(starts.subarray(0, length), (start, i) => [start, ends[i]])).toEqual(plain.offsets)
  })

  test('a text is cut where it changes nothing, whatever it is of', () => {
    const vocab = [
      '[PAD]',
      '[UNK]',
      '[CLS]',
      '[SEP]',
      '[MASK]',
      'a',
      '##a',
      'e',
      '##e',
      '.',
      '北',
      '京',
      'i',
      '##i',
      '=',
      '한',
    ]
    const parts = ['a', 'e\u0301', '.', ' ', '\u0301', '北', '京', 'İ', '≠', '\u000b', '\u0085', '\u00a0', '\u037e', '한', '\ud800', '𝒜', '\u3000', 'aaa', '\u0334\u0301'] // prettier-ignore
    let state = 7
    const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
    const short = Array.from({ length: 200 }, () => parts[Math.floor(random() * parts.length)] ?? '').join('')
    for (const config of [{}, { do_lower_case: false }, { tokenize_chinese_chars: false }, { strip_accents: false }]) {
      const tokenizer = Tokenizer.fromVocab(vocab.join('\n'), config)
      // Of 300,000 characters every place near a cut is tried; short texts are never cut.
      const whole = tokenizer.encode(short.repeat(1000), { addSpecialTokens: false })
      const once = tokenizer.encode(`${short}${short}`, { addSpecialTokens: false })
      const n = tokenizer.encode(short, { addSpecialTokens: false }).ids.length
      const period = once.ids.length - n
      for (let i = n; i + period < whole.ids.length - n; i++) {
        if (whole.ids[i] !== whole.ids[i + period]) throw new Error(`piece ${i} of ${JSON.stringify(config)}`)
        const [start = 0, other = 0] = [whole.offsets[i]?.[0], whole.offsets[i + period]?.[0]]
        if (other - start !== short.length) throw new Error(`place of piece ${i} of ${JSON.stringify(config)}`)
      }
    }
  })

  test('are answered as if they were read at once, window by window', async () => {
    const part = long.slice(0, 400)
    for (const aggregation_strategy of ['none', 'simple', 'first', 'average', 'max'] as const) {
      for (const decoding of ['argmax', 'constrained'] as const) {
        const options = { aggregation_strategy, decoding, ignore_labels: [], top_k: 2 }
        const entities = await narrow(part, options)
        const covered = entities.map(({ start, end }) => part.slice(start, end)).join('')
        expect(covered.replaceAll(/\s/g, '')).toBe(part.replaceAll(/\s/g, ''))
        const [streamed] = await narrow([part, 'Berlin'], options)
        expect(streamed).toEqual(entities)
      }
    }
  })

  test('let timers and the user in while they are tokenized', async () => {
    expect(await ticksWhile(ner('', { ignore_labels: [] }))).toBeLessThan(50)
    const controller = new AbortController()
    const running = ner('a '.repeat(2_000_000), { signal: controller.signal })
    setTimeout(() => {
      controller.abort(new Error('enough'))
    }, 5)
    const start = performance.now()
    await expect(running).rejects.toThrow('enough')
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('beyond the heap are one error, at once', async () => {
    const huge = 'a'.repeat(2 ** 28)
    const start = performance.now()
    for (const refused of [ner(huge), ner([huge]), ner.stream([huge]).next()]) {
      await expect(refused).rejects.toMatchObject({ code: 'OPTION_TEXT_TOO_LONG' })
    }
    expect(() => ner.tokenizer.encode(huge)).toThrow(expect.objectContaining({ code: 'OPTION_TEXT_TOO_LONG' }))
    expect(() => ner.tokenizer.explain(huge)).toThrow(expect.objectContaining({ code: 'OPTION_TEXT_TOO_LONG' }))
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('1 MB fits into a heap of 64 MB', () => {
    const script = fileURLToPath(new URL('../helpers/long-text.mjs', import.meta.url))
    const args = ['--max-old-space-size=64', script, '1000000']
    const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
      entities: number
      rss: number
    }
    expect(found.entities).toBeGreaterThan(1000)
    expect(found.rss).toBeLessThan(400e6)
  }, 60_000)
})

describe('texts without tokens', () => {
  test('give the event loop back', async () => {
    const blank = async () => {
      for await (const entities of ner.stream(Array.from({ length: 50_000 }, () => ''))) {
        if (entities.length > 0) throw new Error('entities out of nothing')
      }
    }
    expect(await ticksWhile(blank())).toBeGreaterThan(5)
    expect(await ticksWhile(ner(' '.repeat(3_000_000)))).toBeGreaterThan(2)
  })

  test('can be aborted', async () => {
    const signal = AbortSignal.timeout(30)
    const drain = async () => {
      for await (const entities of ner.stream(
        Array.from({ length: 2_000_000 }, () => ''),
        { signal },
      ))
        expect(entities).toEqual([])
    }
    await expect(drain()).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('streams', () => {
  test('return() does not wait for a source that hangs', async () => {
    let closed = 0
    const hung = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: () => (closed++, Promise.resolve({ done: true as const, value: undefined })),
      }),
    }
    const results = ner.stream(hung)
    const waiting = results.next()
    await new Promise(resolve => setTimeout(resolve, 10))
    expect(await results.return()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    expect(await results.next()).toEqual({ done: true, value: undefined })
    expect(closed).toBe(1)
  })

  test('a source is not touched before the first result is asked for', async () => {
    let opened = 0
    const source = {
      [Symbol.iterator]: () => {
        opened++
        return ['a'][Symbol.iterator]()
      },
    }
    const results = ner.stream(source)
    expect(await results.return()).toEqual({ done: true, value: undefined })
    expect(opened).toBe(0)
  })

  test('good texts before one that has no row come out', async () => {
    const model = tinyModel({ additional_special_tokens: ['<new>'] })
    const unfit = await pipeline('ner', model, naive)
    const found: unknown[] = []
    const drain = async () => {
      for await (const entities of unfit.stream(['Berlin', 'My name', 'a <new> b', 'x'])) found.push(entities)
    }
    await expect(drain()).rejects.toMatchObject({
      code: 'TOKENIZER_LARGER_THAN_MODEL',
      message: expect.stringContaining(`token "<new>": expected an id below ${rows}`),
    })
    expect(found).toHaveLength(2)
    expect(await unfit('a <new> b', { specialTokens: 'literal' })).toBeInstanceOf(Array)
    await unfit.dispose()
  })
})

test('one signal serves a thousand calls, and nothing listens after them', async () => {
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  const { signal } = new AbortController()
  const calls = Array.from({ length: 1000 }, (_, i) => ner(`Berlin ${i}`, { signal }))
  const streams = Array.from({ length: 50 }, () => ner.stream(['a', 'b'], { signal }))
  await Promise.all(streams.map(stream => stream.next()))
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  await Promise.all(calls)
  await Promise.all(streams.map(stream => stream.return()))
  await new Promise(resolve => setTimeout(resolve, 5))
  process.off('warning', warn)
  expect(warnings).toEqual([])
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

describe('a tokenizer that the model has no rows for is refused at load', () => {
  const more = [...PIECES, 'Zanzibar', 'Zürich']
  const vocab = { 'vocab.txt': text(more.join('\n')) }
  const failure = (files: Record<string, Uint8Array>) =>
    pipeline('ner', files, naive).then(
      () => 'none',
      (error: unknown) => error,
    )

  test('a piece, by its name and both sizes', async () => {
    expect(await failure({ ...tinyModel(), ...vocab })).toMatchObject({
      code: 'TOKENIZER_LARGER_THAN_MODEL',
      message: expect.stringContaining(
        `"Zanzibar": expected an id below ${rows}, as many rows as the model has for tokens (vocab_size), found ${rows}, in a tokenizer of ${rows + 2} tokens`,
      ),
    })
  })

  test('an added token that is listed with its id', async () => {
    const decoder = { [rows]: { content: '<new>', special: true } }
    for (const config of [{ added_tokens_decoder: decoder }, {}]) {
      const files = { ...tinyModel(config), 'added_tokens.json': text(JSON.stringify({ '<new>': rows })) }
      expect(await failure(files)).toMatchObject({ code: 'TOKENIZER_LARGER_THAN_MODEL', subject: 'token "<new>"' })
    }
  })

  test('more token types', async () => {
    expect(await failure(tinyModel({ token_type_rule: 'word-case' }))).toMatchObject({
      code: 'TOKENIZER_LARGER_THAN_MODEL',
      expected: expect.stringContaining('at most 2'),
      found: '5',
    })
    expect(await failure(tinyModel({ token_type_rule: 'word-case' }, { types: 5 }))).toBe('none')
  })

  test('a name that no file lists is no reason', async () => {
    expect(await failure(tinyModel({ bos_token: '<s>', eos_token: '</s>' }))).toBe('none')
  })
})

describe('typed special tokens', () => {
  const typed = 'Ber[MASK]lin and [SEP]'
  const covered = async (options: object) => {
    const tokens = await ner(typed, { ignore_labels: [], ...options })
    return tokens.map(({ start, end }) => typed.slice(start, end))
  }

  test('are parsed by default, or text like any other', async () => {
    expect(await covered({})).toContain('[MASK]')
    expect(await covered({ specialTokens: 'parse' })).toContain('[SEP]')
    const literal = await covered({ specialTokens: 'literal' })
    expect(literal).not.toContain('[MASK]')
    expect(literal.join('')).toBe(typed.replaceAll(' ', ''))
    const literally = await pipeline('ner', tinyModel(), { ...naive, specialTokens: 'literal' })
    expect((await literally(typed, { ignore_labels: [] })).map(({ word }) => word)).not.toContain('[MASK]')
    const [words = []] = await ner(['[SEP]'], {
      is_split_into_words: true,
      ignore_labels: [],
      specialTokens: 'literal',
    })
    expect(words).toHaveLength(5)
    await literally.dispose()
  })
})

describe('a progress callback that fails', () => {
  /** Counts what is open. */
  const counting = (
    files: Record<string, Uint8Array>,
  ): ModelSource & { open: ModelSource['open']; count: () => number } => {
    let open = 0
    const source = sourceFromBytes(files)
    return {
      count: () => open,
      async open(name) {
        const file = await source.open(name)
        open++
        return { ...file, close: () => (open--, Promise.resolve()) }
      },
    }
  }

  test.each(['initiate', 'progress', 'done', 'ready'])('at %s leaves nothing open', async status => {
    const source = counting(tinyModel())
    const progress_callback = (event: { status: string }) => {
      if (event.status === status) throw new Error(status)
    }
    await expect(pipeline('ner', source, { ...naive, progress_callback })).rejects.toThrow(status)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(source.count()).toBe(0)
  })

  test('at ready, with threads: no worker stays', () => {
    const script = `
      import { pipeline } from ${JSON.stringify(new URL('../../dist/node.js', import.meta.url).href)}
      const fail = ({ status }) => { if (status === 'ready') throw new Error('no') }
      await pipeline('ner', undefined, { threads: 2, progress_callback: fail }).catch(({ message }) => console.log(message))
    `
    const args = ['--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })).toBe('no\n')
  }, 40_000)
})

/**
 * Proof: no character of a name that was found is left, and what was taken out comes back, byte for byte, whole, through
 * JSON, through Markdown and in chunks. Over texts of many scripts, which are made up here, and over CoNLL-2003 if it lies
 * in ../shared.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { EntityGroup } from '../../dist/ner/entity.js'
import { createRedactor, type Redacted, type Redactor, type RedactorOptions } from '../../dist/redact.js'
import { isSlow } from '../helpers/slow.ts'

interface Sample {
  readonly text: string
  readonly entities: readonly EntityGroup[]
}

/**
 * A session, and its pipeline, which knows the entities of the sample at hand. Sentences that come twice may differ in them.
 */
function sessionOf(options: RedactorOptions): { r: Redactor; take: (sample: Sample) => Promise<Redacted> } {
  let current: Sample | undefined
  const find = (text: string) => (text === current?.text ? current.entities : [])
  const ner = Object.assign((text: string) => Promise.resolve(find(text)), {
    async *stream(texts: AsyncIterable<string>) {
      for await (const text of texts) yield find(text)
    },
  })
  const r = createRedactor(ner, options)
  return {
    r,
    take(sample) {
      current = sample
      return r.redact(sample.text)
    },
  }
}

/** The characters of entities that are still in the redacted text: those outside of all replaced places. */
function left({ text, entities }: Sample, redacted: Redacted): string {
  const gone = new Uint8Array(text.length)
  for (const { start, end } of redacted.entities) gone.fill(1, start, end)
  let rest = ''
  for (const { start, end } of entities) for (let i = start; i < end; i++) if (!gone[i]) rest += text.charAt(i)
  return rest
}

/** The redacted text, put together from what the entities say: nothing else may have changed. */
function assembled({ text }: Sample, { entities }: Redacted): string {
  let result = ''
  let at = 0
  for (const { start, end, replacement } of entities) {
    result += text.slice(at, start) + replacement
    at = end
  }
  return result + text.slice(at)
}

/** Written apart from the library: white space, normal form, unseen characters. */
function folded(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/gu, ' ')
}

async function throughStream(r: Redactor, text: string, size: number, json: boolean): Promise<string> {
  const stream = r.restoreStream({ json })
  const writer = stream.writable.getWriter()
  const writing = (async () => {
    for (let at = 0; at < text.length; at += size) await writer.write(text.slice(at, at + size))
    await writer.close()
  })()
  let all = ''
  const reader = stream.readable.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) all += next.value
  await writing
  return all
}

/** As Markdown may come back: with backslashes. */
function asMarkdown(text: string): string {
  return text.replaceAll(
    /\[([\p{L}\p{N}_-]+_[0-9]+)\]/gu,
    (_, inner: string) => `\\[${inner.replaceAll('_', '\\_')}\\]`,
  )
}

/** How many samples came back byte for byte, and how many names were replaced in all. */
async function prove(
  samples: readonly Sample[],
  options: RedactorOptions = {},
): Promise<{ exact: number; entities: number }> {
  const { r, take } = sessionOf(options)
  const first = new Map<string, string>()
  let [exact, entities] = [0, 0]
  for (const [i, sample] of samples.entries()) {
    const { text } = sample
    const redacted = await take(sample)
    entities += redacted.entities.length
    expect(assembled(sample, redacted)).toBe(redacted.text)
    // Possessives and white space around a name stay, on purpose.
    expect(left(sample, redacted).replaceAll(/['\u2019\u02bc\uff07]s?|\s|(?<=['\u2019\u02bc\uff07])s/giu, '')).toBe('')
    const hasFirstSpellings = redacted.entities.every(({ entity_group, start, end }) => {
      const key = `${entity_group} ${folded(text.slice(start, end)).trim()}`
      if (!first.has(key)) first.set(key, text.slice(start, end))
      return first.get(key) === text.slice(start, end)
    })
    if (hasFirstSpellings) exact++
    const same = (restored: string) => {
      if (hasFirstSpellings) expect(restored).toBe(text)
      else expect(folded(restored)).toBe(folded(text))
    }
    same(r.restore(redacted.text))
    same((JSON.parse(r.restore(JSON.stringify([redacted.text]), { json: true })) as [string])[0])
    if (options.style === undefined && !text.includes('\\')) same(r.restore(asMarkdown(redacted.text)))
    if (i % 10 === 0) {
      same(await throughStream(r, redacted.text, 1 + (i % 7), false))
      same((JSON.parse(await throughStream(r, JSON.stringify([redacted.text]), 1 + (i % 5), true)) as [string])[0])
    }
    expect((await r.redact(redacted.text)).text).toBe(redacted.text)
  }
  return { exact, entities }
}

describe('texts of many scripts', () => {
  const NAMES = [
    'Ada Lovelace', 'Jose\u0301', 'José', 'Nguyễn Thị Minh', 'Nguye\u0302\u0303n', 'नेहरू', 'แม้นศรี', 'محمّد بن سلمان', 'دَاوُد', 'דָּוִד', 'Софья Ковалевская',
    'Αθήνα', '王小明', '東京', '김연아', 'Ólafur', 'Łódź', "O'Brien", 'Jean-Luc', 'ශ්‍රී ලංකා', 'A\u0300\u0301\u0302', 'Zoe\u0308', 'မြန်မာ', 'İstanbul', '\u{1d400}\u{1d401}',
    '\u{20bb7}野家', 'Ｆｕｌｌ Ｗｉｄｔｈ', 'New\nYork', 'Ada\u200d', '👩🏽‍🔬 Ada', 'St. John’s Wood', 'U.S.', 'C++', 'a', '2nd', 'ﬁre',
  ] // prettier-ignore
  const FILLER = [
    ' met ', '\n', ', ', ' (', ') ', "'s ", '\u2019s ', ' \u{1f600} ', '。', 'は', ' и ', ' [1] ', ' x_', '-', '"', '\\', '', '\t', ' {"a": ', '**', ' `', '\r\n', '<b>', ' ज ', '\u200f',
  ] // prettier-ignore
  const part = fc.oneof(
    fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('PER', 'LOC', 'geo-loc', '人名', 'B-X')),
    fc.constantFrom(...FILLER),
    fc.string({ maxLength: 4, unit: 'grapheme' }),
  )
  /** As a tokenizer that strips marks has it: an entity ends before the marks of its last letter. */
  const endsShort = (name: string) => name.replace(/[\p{M}\u200c\u200d]+$/u, '').length
  const sample = fc.array(part, { minLength: 1, maxLength: 14 }).map((parts): Sample => {
    let text = ''
    const entities: EntityGroup[] = []
    for (const each of parts) {
      if (typeof each === 'string') text += each
      else {
        const [name, entity_group] = each
        const start = text.length
        entities.push({ entity_group, score: 1, word: '', start, end: start + endsShort(name) })
        text += name
      }
    }
    return { text, entities }
  })

  test.each([
    ['label', {}],
    ['surrogate', { style: 'surrogate' }],
    ['label, without repeats', { repeats: false }],
    ['label, without case', { ignoreCase: true, repeats: false }],
  ] as const)(
    '%s',
    async (_, options) => {
      let exact = 0
      await fc.assert(
        fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 4 }), async samples => {
          exact += (await prove(samples, options)).exact
        }),
        { seed: 21, numRuns: 300 },
      )
      expect(exact).toBeGreaterThan(300)
    },
    120_000,
  )
})

const shared = new URL('../../../shared/conll2003/', import.meta.url)
const files = ['eng.train', 'eng.testa', 'eng.testb'].filter(name => existsSync(new URL(name, shared)))

describe('CoNLL-2003, with the entities that its annotators found', () => {
  if (files.length === 0) test.skip('not run: ../shared/conll2003 is absent', () => undefined)

  /** Sentences, joined by spaces; every tenth line break instead, as mail has them. */
  function read(name: string): Sample[] {
    const samples: Sample[] = []
    for (const block of readFileSync(new URL(name, shared), 'utf8').split(/\n\s*\n/)) {
      let text = ''
      const entities: EntityGroup[] = []
      let last = 'O'
      for (const line of block.split('\n').filter(line => line.trim() !== '' && !line.startsWith('-DOCSTART-'))) {
        const fields = line.split(' ')
        const [word = '', tag = 'O'] = [fields[0], fields.at(-1)]
        if (text !== '') text += ' '
        const [start, end] = [text.length, text.length + word.length]
        const open = entities.at(-1)
        if (tag !== 'O' && tag.slice(2) === last.slice(2) && !tag.startsWith('B-') && open) open.end = end
        else if (tag !== 'O') entities.push({ entity_group: tag.slice(2), score: 1, word: '', start, end })
        last = tag
        text += word
      }
      if (text !== '') samples.push({ text, entities })
    }
    return samples
  }

  for (const name of files) {
    test(`${name}: nothing is left, and every sentence comes back`, async () => {
      const samples = read(name).filter((_, i) => isSlow || i % 5 === 0)
      const { exact, entities } = await prove(samples)
      expect(entities).toBeGreaterThan(isSlow ? 5000 : 1000)
      expect(exact / samples.length).toBeGreaterThan(0.99)
    }, 300_000)
  }
})

/** No character that a terminal or a reader of lines obeys comes out raw: every format × every such character × where it stands. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { createPrinter } from '../dist/cli/ner/formats.js'
import { FORMATS } from '../dist/cli/ner/flags.js'
import { describeFailure } from '../dist/cli/failure.js'
import { jsonPieces } from '../dist/cli/json.js'
import { BertNerError } from '../dist/errors.js'
import { escapeControls, escapeHtml, escapeJson, hasControls, isControl, showControls } from '../dist/escape.js'
import { parseConfig } from '../dist/layers/config.js'
import { pipeline, redact, render, sourceFromBytes } from '../dist/node.js'
import { kindOf, quote, show } from '../dist/values.js'
import { tinyModel } from './helpers/tiny-model.ts'
import { run, runWith } from './cli/run.ts'

/** Written out, not computed from the code under test: C0, DEL, C1, separators, bidirectional marks. */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const DANGEROUS = [
  ...[range(0, 0x1f), range(0x7f, 0x9f), 0x061c, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[range(0x202a, 0x202e), range(0x2066, 0x2069)],
].flat()
const CHARS = DANGEROUS.map(code => String.fromCharCode(code))
/** Raw characters of that kind, but for those in `allowed`. */
const raw = (text: string, allowed = '') =>
  Array.from(text).filter(char => CHARS.includes(char) && !allowed.includes(char))

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-escape-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('what counts as a control', () => {
  for (let unit = 0; unit < 0x10000; unit++) {
    // 206A … 206F, deprecated marks of the same kind, are shown too.
    const expected = DANGEROUS.includes(unit) || (unit >= 0x206a && unit <= 0x206f)
    if (isControl(unit) !== expected) throw new Error(unit.toString(16))
  }
  expect(['a\tb', 'é — ü 😀\u200d\ufeff'].map(hasControls)).toEqual([true, false])
})

test('each way of showing, by example', () => {
  const text = 'a\tb\r\nc\rd\u001b[2J\u0000\u007f\u009b\u202e&<"\u2028'
  expect(escapeControls(text)).toBe('a\\u0009b\\u000d\\u000ac\\u000dd\\u001b[2J\\u0000\\u007f\\u009b\\u202e&<"\\u2028')
  expect(showControls(text)).toBe('a\tb\nc␍d␛[2J␀␡\\u009b\\u202e&<"\\u2028')
  expect(escapeHtml(text)).toBe('a\tb\nc\nd␛[2J␀␡\\u009b&#8238;&amp;&lt;&quot;&#8232;')
  expect(escapeHtml('&#8238;')).toBe('&amp;#8238;')
  expect(JSON.parse(escapeJson(JSON.stringify([text], undefined, 2)))).toEqual([text])
})

describe('formats of the command line', () => {
  const model = pipeline('ner', sourceFromBytes(tinyModel()), { backend: 'naive' })
  interface Outside {
    label: string
    text: string
    file: string
  }
  /** All that a format prints of two texts, but for our own colours. `in…`: what stands inside of label, text and name. */
  async function print(
    format: (typeof FORMATS)[number],
    { label, text: inText, file }: Outside,
    isTerminal = true,
    isObject = false,
  ): Promise<string> {
    const { tokenizer } = await model
    const text = `Ada${inText}x met B${inText}ob.`
    const entities = [
      { entity_group: `P${label}ER`, word: `A${inText}`, score: 0.5, start: 0, end: 5 },
      { entity: `B-P${label}`, word: `o${inText}`, score: 0.5, start: 10, end: 14, index: 3 },
    ]
    let all = ''
    for (const isSingle of [true, false]) {
      for (const colour of [true, false]) {
        const printer = createPrinter(format, { isSingle, colour, isTerminal, tokenizer })
        const json = isObject ? { json: JSON.stringify({ text }) } : {}
        const item = { text, file: `f${file}.txt`, bytes: 1, ...json }
        const printed = [printer.print(item, entities), printer.print(item, [])]
        all += (printer.begin ?? '') + printed.map(pieces => Array.from(pieces).join('')).join('')
        all += (printer.end?.() ?? '') + (printer.abandon?.() ?? '')
      }
    }
    // eslint-disable-next-line no-control-regex
    return all.replaceAll(/\u001b\[[0-9;]*m/g, '')
  }
  const lines = (text: string) => text.split('\n').length

  test.each(FORMATS)('%s', async format => {
    const plain = await print(format, { label: 'y', text: 'y', file: 'y' })
    const isRunning = ['pretty', 'html', 'redacted'].includes(format)
    for (const char of CHARS) {
      for (const place of ['label', 'text', 'file'] as const) {
        const outside = { label: 'y', text: 'y', file: 'y', [place]: char }
        const out = await print(format, outside)
        expect(await print(format, outside, false)).toBe(out) // a pipe may lead to a terminal
        // A tab or a line break of the text is its own where running text is shown.
        const isOwn = isRunning && place === 'text'
        expect({ char, place, raw: raw(out, isOwn ? '\t\n' : '\n') }).toEqual({ char, place, raw: [] })
        // White space in a text parts words, and each word has its row; nothing else adds a line.
        const adds = place === 'text' && (format === 'conll' ? char.trim() === '' : isRunning && '\n\r'.includes(char))
        if (!adds) expect({ char, place, lines: lines(out) }).toEqual({ char, place, lines: lines(plain) })
        if (format === 'conll') expect(out).toMatch(/^(\S+ \S+\n|\n)+$/)
      }
    }
  })

  test('JSON lines give back what went in; their own bytes stay in a pipe and not on a terminal', async () => {
    for (const char of CHARS) {
      const [line = ''] = (await print('jsonl', { label: char, text: char, file: char }, false)).split('\n')
      expect(raw(line)).toEqual([])
      expect(JSON.parse(line)).toMatchObject({
        file: `f${char}.txt`,
        text: `Ada${char}x met B${char}ob.`,
        entities: [{ entity_group: `P${char}ER` }, { entity: `B-P${char}` }],
      })
      expect(raw(await print('jsonl', { label: char, text: char, file: char }, true, true), '\n')).toEqual([])
    }
  })
})

test('redact and render of the library', () => {
  for (const char of CHARS) {
    const entities = [{ entity_group: `P${char}`, word: '', score: 1, start: 0, end: 3 }]
    expect(raw(redact('Ada met Bob', entities))).toEqual([])
    expect(raw(render(`A${char}a m${char}t`, entities, 'html'), '\t\n')).toEqual([])
    // eslint-disable-next-line no-control-regex
    expect(raw(render(`A${char}a m${char}t`, entities, 'ansi').replaceAll(/\u001b\[[0-9;]*m/g, ''), '\t\n')).toEqual([])
  }
})

test('errors: one line, short, whatever name is in them', () => {
  for (const char of CHARS) {
    const name = `a${char}b`
    const error = new BertNerError({ code: 'X', subject: name, expected: name, found: name, nextStep: name })
    const parts = [error.message, error.subject, error.expected, error.found, error.nextStep]
    const others = [quote(name), show(name), show([name]), kindOf({ [Symbol.toStringTag]: name })]
    const failures = [error, new Error(name), { code: 'ENOENT', path: name }, { errno: 1, message: name }, name]
    expect(raw([...parts, ...others, ...failures.map(describeFailure)].join(''))).toEqual([])
    expect(raw(Array.from(jsonPieces({ [name]: [name, { name }] })).join(''), '\n')).toEqual([])
  }
  const long = 'x'.repeat(1e6)
  const error = new BertNerError({ code: 'X', subject: long, expected: long, found: long, nextStep: long })
  expect(error.message.length).toBeLessThan(5000)
})

test('a label with a control character is refused with the model', () => {
  const config = { model_type: 'bert', vocab_size: 9, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 8, max_position_embeddings: 9 } // prettier-ignore
  for (const char of CHARS) {
    const text = JSON.stringify({ ...config, id2label: { 0: 'O', 1: `B-P${char}` } })
    expect(() => parseConfig(text)).toThrow(expect.objectContaining({ code: 'CONFIG_LABELS' }))
  }
})

test('every command, as a process', async () => {
  const nasty = '\u001b[31m\u009b\u202e\u2028\u0007'
  const conll = join(folder, 'a.conll')
  writeFileSync(conll, `Ada${nasty} B-PER${nasty}\nmet O\n`)
  const predictions = join(folder, 'p.txt')
  writeFileSync(predictions, `Ada B-PER${nasty} B-LOC${nasty}\n`)
  const named = join(folder, `n${nasty}\nn`)
  mkdirSync(named)
  const forged = join(folder, `g${nasty}\nfile   other: 9 words\n`)
  writeFileSync(forged, 'Ada B-PER\nmet O\n')
  const outputs = await Promise.all([
    run('eval', '--predictions', predictions),
    run('eval', '--predictions', '--json', predictions),
    run('eval', '--backend', 'naive', conll),
    run('eval', '--errors', forged),
    run('eval', forged, forged),
    run('eval', named),
    run('inspect', join(named, 'x')),
    run('tokenize', '--model', named, 'x'),
    run('--model', named, 'x'),
    run('-f', named),
    runWith({ input: `Ada${nasty}` }, 'tokenize'),
    runWith({ input: `Ada${nasty}` }, 'tokenize', '--json'),
  ])
  for (const { stdout, stderr } of outputs) expect(raw(stdout + stderr, '\n')).toEqual([])
  for (const { stdout } of outputs) expect(stdout).not.toMatch(/^file {3}other/m)
  for (const { stderr } of outputs) expect(stderr.split('\n').length).toBeLessThanOrEqual(2)
}, 60_000)

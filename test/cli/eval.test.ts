/** `bert-ner eval`, as a process: over a small random model, and over files of predictions. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BertForTokenClassification } from '../../dist/layers/token-classifier.js'
import { packBatch } from '../../dist/layers/batch.js'
import { sourceFromFolder } from '../../dist/node.js'
import { Tokenizer } from '../../dist/tokenizer/tokenizer.js'
import { MINI, randomModel } from '../helpers/random-model.js'
import { run } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-eval-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const at = (name: string) => join(folder, name)
function save(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content)
  return at(name)
}

describe('--predictions', () => {
  const report = (tokens: number) => `processed ${tokens} tokens with 0 phrases; found: 0 phrases; correct: 0.\n`

  test('prints conlleval’s report and nothing else', async () => {
    const file = save('p.txt', 'Mira B-PER B-PER\nslept O O\n\nÜlm B-ÖRT B-PER\n')
    const expected = [
      'processed 3 tokens with 2 phrases; found: 2 phrases; correct: 1.',
      'accuracy:  66.67%; precision:  50.00%; recall:  50.00%; FB1:  50.00',
      '              PER: precision:  50.00%; recall: 100.00%; FB1:  66.67  2',
      '             ÖRT: precision:   0.00%; recall:   0.00%; FB1:   0.00  0',
      '',
    ].join('\n')
    expect(await run('eval', '--predictions', file)).toEqual({ status: 0, stdout: expected, stderr: '' })
    expect((await run('eval', file, '--predictions')).stdout).toBe(expected)
  })

  test('knows -r, -d and -o, and reads over the bytes of other encodings', async () => {
    // à is C3 A0 in UTF-8: as Latin-1, A0 would be a space to \s
    const file = save('q.txt', 'voilà\t NIL \tà\nb\tà\tà\n')
    const { stdout, status } = await run('eval', '--predictions', '-r', '-o', 'NIL', '-d', '\\s+', file)
    expect(status).toBe(0)
    expect(stdout).toContain('processed 2 tokens with 1 phrases; found: 2 phrases; correct: 1.')
    expect(stdout).toContain('               à: precision:  50.00%')
    expect(await run('eval', '--predictions', '-d', '[', file)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--delimiter'),
    })
  })

  test('over generated files, to the byte', async () => {
    const fixture = gunzipSync(readFileSync(new URL('../fixtures/conlleval.json.gz', import.meta.url)))
    const cases = JSON.parse(fixture.toString()) as { args: string[]; text: string; report: string | null }[]
    for (const { args, text, report: expected } of [
      ...cases.slice(0, 4),
      ...cases.filter(c => c.report === null).slice(0, 1),
    ]) {
      const { status, stdout, stderr } = await run('eval', '--predictions', ...args, save('generated.txt', text))
      if (expected === null)
        expect({ status, stdout, ok: stderr.includes('line') }).toEqual({ status: 1, stdout: '', ok: true })
      else expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expected, stderr: '' })
    }
  }, 30_000)

  test('of an empty file', async () => {
    expect((await run('eval', '--predictions', save('empty.txt', ''))).stdout).toBe(report(0))
  })

  test('as JSON, with seqeval’s figures where the tags allow them', async () => {
    const file = save('p.txt', 'a B-A I-A\nb S-B S-B\n')
    const scored = JSON.parse((await run('eval', '--predictions', '--json', file)).stdout) as Record<string, unknown>
    expect(scored).toMatchObject({
      conlleval: { tokens: 2, gold: 2, found: 2, correct: 2, f1: 100, types: { A: { f1: 100 } } },
      seqeval: { default: { micro: { f1: 1, support: 2 } }, strict: null },
    })
  })

  test('with Windows line ends is told so, where it fails and where it scores', async () => {
    const blank = await run('eval', '--predictions', save('p.txt', 'a B-A B-A\r\n\r\nb O O\r\n'))
    expect(blank).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining("tr -d '\\r'") })
    const whole = await run('eval', '--predictions', save('p.txt', 'a B-A B-A\r\nb O O\r\n'))
    expect(whole).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^bert-ner: .*: each line ends in \\r, .*\n$/),
    })
    expect(whole.stdout).toContain('             A\r: precision') // as conlleval prints it
    expect((await run('eval', '--predictions', save('p.txt', 'a B-A B-A\nb O O\r\n'))).stderr).toBe('')
  })

  test('a delimiter that does not end is stopped', async () => {
    const file = save('p.txt', `${'a'.repeat(40)}b B-A B-A\n`)
    const { status, stderr } = await run('eval', '--predictions', '-d', '(a+)+$', file)
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'bert-ner: --delimiter: expected a pattern that reads the file in 4 s, found one that does not end. ' +
        'Write it without a repetition inside of a repetition, as in (a+)+.\n',
    })
  }, 30_000)

  test('types in other encodings are whole in JSON', async () => {
    for (const encoding of ['utf8', 'latin1'] as const) {
      const file = save('p.txt', Buffer.from('a B-Ö B-Ö\n', encoding))
      const { stdout } = await run('eval', '--predictions', '--json', file)
      expect(JSON.parse(stdout)).toMatchObject({ conlleval: { types: { Ö: { f1: 100 } } } })
    }
  })

  test('--expect-f1 fails both ways', async () => {
    const file = save('p.txt', 'a B-A B-A\nb B-A O\n') // F1 66.67
    expect(await run('eval', '--predictions', '--expect-f1', '66.9', file)).toMatchObject({ status: 0, stderr: '' })
    for (const wrong of ['66', '67.3']) {
      const { status, stdout, stderr } = await run('eval', '--predictions', '--expect-f1', wrong, file)
      expect({ status, stderr }).toEqual({ status: 1, stderr: `bert-ner: F1 is 66.67, expected ${wrong} ± 0.5\n` })
      expect(stdout).toContain('FB1:  66.67')
    }
    expect((await run('eval', '--predictions', '--expect-f1', '60', '--tolerance', '7', file)).status).toBe(0)
  })
})

describe('a model', () => {
  const model = at('model')
  const file = at('gold.conll')
  const sentences = [['Mira', 'Vale', 'sees', 'Ulm', '.'], ['a'], ['\u200b', 'bc'], ['abcdefghij', 'ij', 'klm', 'nopq']]
  const iob2 = ['B-PER', 'I-PER', 'O', 'B-LOC', 'O', 'O', 'O', 'B-ORG']
  const gold = [['I-PER', 'I-PER', 'O', 'I-LOC', 'O'], ['O'], ['O', 'I-ORG'], ['I-MISC', 'B-MISC', 'O', 'O']]

  beforeAll(async () => {
    const { mkdirSync } = await import('node:fs')
    mkdirSync(model)
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz.')
    const vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...letters, ...letters.map(letter => `##${letter}`)]
    const files = randomModel({ ...MINI, vocab: vocab.length, positions: 20, std: 0.1, seed: 5 })
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(model, name), bytes)
    writeFileSync(join(model, 'vocab.txt'), vocab.join('\n'))
    writeFileSync(join(model, 'tokenizer_config.json'), '{"do_lower_case": true}')
    const lines = sentences.map((words, s) => words.map((word, i) => `${word} ${gold[s]?.[i] ?? ''}\n`).join(''))
    save('gold.conll', `-DOCSTART- O\n\n${lines.slice(0, 2).join('\n')}\n-DOCSTART- O\n\n${lines.slice(2).join('\n')}`)
  })
  const evaluate = (...args: string[]) => run('eval', '--model', model, '--backend', 'naive', ...args, file)

  test('gets the tags that the model gives sentence by sentence, and the report says so', async () => {
    const source = sourceFromFolder(model)
    const tokenizer = await Tokenizer.fromSource(source)
    const bert = await BertForTokenClassification.load(source, { backend: 'naive' })
    const L = bert.config.labels.length
    const expected: string[] = []
    for (const [s, words] of sentences.slice(0, 3).entries()) {
      const encoding = tokenizer.encodeWords(words)
      const { logits } = await bert.forward(packBatch([encoding]))
      for (const [w, word] of words.entries()) {
        const row = Array.from(logits.subarray(encoding.wordIds.indexOf(w) * L).subarray(0, L))
        const label = encoding.wordIds.includes(w) ? (bert.config.labels[row.indexOf(Math.max(...row))] ?? '') : 'O'
        expected.push(`${word} ${iob2.shift() ?? ''} ${label}`)
      }
      if (s < 2) expected.push('')
    }
    await bert.dispose()

    const { status, stdout, stderr } = await evaluate('--write-predictions', at('out.txt'), '--errors')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const written = readFileSync(at('out.txt'), 'utf8')
    expect(written.split('\n').slice(0, expected.length)).toEqual(expected)
    expect(new Set(expected.map(line => line.split(' ')[2])).size).toBeGreaterThan(2)

    expect(stdout).toContain('2 documents, 4 sentences, 12 words; 2 columns, tags in IOB1')
    expect(stdout).toContain('longer than the model, and run in windows: 1 text\n')
    expect(stdout).toContain('empty to the tokenizer, and tagged O: 1 word\n')
    expect(stdout).toContain((await run('eval', '--predictions', at('out.txt'))).stdout)
    expect(stdout).toMatch(/\nmissed \(\d+\)\n/)
    expect(stdout).toMatch(/\n {4}gold {3}\[PER Mira Vale\] sees \[LOC Ulm\] \.\n/)
  })

  test('as JSON', async () => {
    const { stdout } = await evaluate('--json', '--seed', '7', '--resamples', '50')
    const hash = createHash('sha256')
      .update(readFileSync(join(model, 'model.safetensors')))
      .digest('hex')
    expect(JSON.parse(stdout)).toMatchObject({
      versions: { bertNer: expect.stringMatching(/^\d+\./), node: process.versions.node },
      file: { documents: 2, sentences: 4, words: 12, scheme: 'IOB1', misfits: 0 },
      model: { hash },
      options: { backend: 'naive', dtype: 'auto', wordTag: 'first', context: 'sentence', maxLength: 20 },
      run: { windowed: 1, emptyWords: 1 },
      confidence: { seed: 7, resamples: 50 },
      conlleval: { tokens: 12, gold: 5 },
      timing: { wordsPerSecond: expect.any(Number), tokensPerSecond: expect.any(Number) },
    })
  })

  test('with other rules gives other tags', async () => {
    const tags = async (...args: string[]) => {
      await evaluate('--write-predictions', at('out.txt'), ...args)
      return readFileSync(at('out.txt'), 'utf8')
    }
    const plain = await tags()
    expect(plain.split('\n').filter(Boolean)).toHaveLength(12)
    expect(await tags('--lower')).not.toBe('')
    for (const args of [
      ['--word-tag', 'average'],
      ['--word-tag', 'max'],
      ['--context', 'document'],
      ['--max-length', '6'],
    ]) {
      const other = await tags(...args)
      expect(other.split('\n').map(line => line.split(' ')[0])).toEqual(
        plain.split('\n').map(line => line.split(' ')[0]),
      )
      expect(other).not.toBe(plain)
    }
    expect(await tags('--batch-tokens', '1')).toBe(plain)
  }, 30_000)

  test('over several files: one table, the model loaded once', async () => {
    const other = save('other.conll', '1\tMira\tB-PER\n2\tsees\tO\n\n1\tUlm\tB-LOC\n')
    const several = (...args: string[]) => run('eval', '--model', model, '--backend', 'naive', file, other, ...args)
    const { status, stdout, stderr } = await several()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`file   ${file}: 2 documents, 4 sentences, 12 words; 2 columns, tags in IOB1\n`)
    expect(stdout).toContain(
      `file   ${other}: 1 document, 2 sentences, 3 words; 3 columns (the first counts the words, the second is the word), tags in IOB2\n`,
    )
    expect(stdout.match(/^model /gm)).toHaveLength(1)
    const [alone, second] = await Promise.all(
      [file, other].map(async path => {
        const { stdout } = await run('eval', '--model', model, '--backend', 'naive', '--json', path)
        return JSON.parse(stdout) as { conlleval: { precision: number; recall: number; f1: number; types: object } }
      }),
    )
    const both = JSON.parse((await several('--json')).stdout) as unknown[]
    const untimed = (report: unknown) => ({ ...(report as object), timing: null })
    expect(both.map(untimed)).toEqual([alone, second].map(untimed))
    const row = stdout
      .split('\n')
      .find(line => line.startsWith(`${file}  `))
      ?.split(/ +/)
    const { precision = 0, recall = 0, f1 = 0 } = alone?.conlleval ?? {}
    expect(row?.slice(1, 6)).toEqual(['4', '12', ...[precision, recall, f1].map(value => value.toFixed(2))])
    expect(stdout).toMatch(/^file +sentences +words +precision +recall +F1( +[A-Z]+)+$/m)
  }, 60_000)

  test('--drop leaves a type out of gold tags and guesses', async () => {
    const scored = JSON.parse((await evaluate('--json', '--drop', 'PER', 'LOC', '--')).stdout) as {
      conlleval: { types: object; gold: number }
      errors: { gold: string[]; guess: string[] }[]
    }
    expect(Object.keys(scored.conlleval.types).filter(type => ['PER', 'LOC'].includes(type))).toEqual([])
    expect(scored.conlleval.gold).toBe(3) // an ORG and two MISC
    expect(JSON.stringify(scored.errors)).not.toMatch(/-(PER|LOC)"/)
    const types = save('foreign.conll', 'Mira B-PERSON\nsees O\nUlm B-LOC\n')
    const foreign = (...args: string[]) => run('eval', '--model', model, '--backend', 'naive', types, ...args)
    expect((await foreign()).status).toBe(1)
    expect((await foreign('--drop', 'PERSON')).status).toBe(0)
    const slip = await foreign('--drop', 'PERSN')
    expect(slip).toMatchObject({ status: 1, stdout: '' })
    expect(slip.stderr).toMatch(/^bert-ner: --drop: expected types .*PERSON.*, found "PERSN"\./)
  }, 60_000)

  test('whose labels hold [PAD] and X scores types all the same, and says so', async () => {
    const odd = at('odd')
    cpSync(model, odd, { recursive: true })
    const config = JSON.parse(readFileSync(join(odd, 'config.json'), 'utf8')) as { id2label: Record<string, string> }
    const labels = Object.values(config.id2label).map(label =>
      label === 'B-MISC' ? '[PAD]' : label === 'I-MISC' ? 'X' : label,
    )
    writeFileSync(
      join(odd, 'config.json'),
      JSON.stringify({ ...config, id2label: Object.assign({}, labels) as object }),
    )
    const types = save('two.conll', 'Mira B-PER\nsees O\nUlm B-LOC\n')
    const { status, stdout } = await run('eval', '--model', odd, '--backend', 'naive', types)
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^note {3}labels of the model without a type, read as O: .*(\[PAD\], X|X, \[PAD\]).*; guessed for \d+ words?$/m,
    )
  }, 30_000)

  test('whose types are others is refused with both lists', async () => {
    const other = save('other.conll', 'Mira B-PERSON\nsees O\nUlm B-GPE\n')
    const { status, stdout, stderr } = await run('eval', '--model', model, '--backend', 'naive', other)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('GPE, PERSON')
    expect(stderr).toContain('LOC, MISC, ORG, PER')
  })
})

describe('what cannot be done', () => {
  test.each([
    ['a malformed line', () => save('bad.conll', 'Mira B-PER\nslept\n'), 'line 2'],
    ['a tag of no scheme', () => save('tag.conll', 'Mira X-PER\n'), 'line 1'],
    ['bytes that are no UTF-8', () => save('latin1.conll', Buffer.from('M\xfcller B-PER\n', 'latin1')), 'UTF-8'],
    ['a file without words', () => save('none.conll', '-DOCSTART- -X- O O\n\n'), 'found none'],
    ['a file that is not there', () => at('nowhere.conll'), 'no such file'],
  ])('%s: one line that says where', async (_, make, expected) => {
    const { status, stdout, stderr } = await run('eval', '--backend', 'naive', make())
    expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 1, stdout: '', lines: 2 })
    expect(stderr).toContain(expected)
  })
  test('predictions that could not be written are refused before the model runs', async () => {
    const file = save('one.conll', 'Mira B-PER\n')
    const { status, stdout, stderr } = await run('eval', '--write-predictions', at('no/where.txt'), file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(`${at('no')}: no such file or folder`)
  })
  test.each([
    [],
    ['-r', 'x'],
    ['-d', ',', 'x'],
    ['--outside', 'NIL', 'x'],
    ['--predictions', '--model', 'm', 'x'],
    ['--predictions', '--errors', 'x'],
    ['--predictions', '--write-predictions', 'y', 'x'],
    ['--predictions', '--context', 'document', 'x'],
    ['--word-tag', 'last', 'x'],
    ['--threads', '0', 'x'],
    ['--lower', '--upper', 'x'],
    ['--tolerance', 'a', 'x'],
    ['--resamples', '1000001', 'x'],
    ['--predictions', 'x', 'y'],
    ['--errors', 'x', 'y'],
    ['--expect-f1', '90', 'x', 'y'],
    ['--predictions', '--drop', 'PER', '--', 'x'],
  ])('wrong usage: %j %j', async (...args) => {
    expect((await run('eval', ...args)).status).toBe(2)
  })
})

/** `bert-ner tokenize TEXT`: the text after each step of the tokenizer, down to the pieces and their ids. */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OptionError } from '../errors.ts'
import { isFile } from '../node/hub/cache.ts'
import type { Encoding } from '../tokenizer/encoding.ts'
import type { ExplainedSegment, Explanation } from '../tokenizer/explain.ts'
import type { EncodeOptions, Tokenizer } from '../tokenizer/tokenizer.ts'
import { escapeControls } from '../escape.ts'
import { modelFolder } from './hub/locate.ts'
import { readBytes } from './input.ts'
import { jsonPieces } from './json.ts'
import { readText } from './ner/lines.ts'
import { write, writeAll } from './output.ts'
import { Option, type Command } from './vendor/commander.ts'

interface Options extends Pick<EncodeOptions, 'specialTokens' | 'offsetUnit'> {
  model?: string
  tokenizer?: string
  json?: boolean
}

export function register(program: Command): void {
  program
    .command('tokenize')
    .description('show what the tokenizer makes of a text, step by step')
    .argument('[text...]', 'the text, or else standard input')
    .addOption(
      new Option(
        '--model <model>',
        'a folder, or owner/name of the Hugging Face hub (default: the one of bert-ner)',
      ).conflicts('tokenizer'),
    )
    .option('--tokenizer <file>', 'a tokenizer.json or a vocab.txt')
    .addOption(
      new Option('--special-tokens <how>', 'whether "[SEP]" typed in the text is that token, or just text')
        .choices(['parse', 'literal'])
        .default(undefined, 'what the model says, or else parse'),
    )
    .addOption(
      new Option('--offset-unit <unit>', 'what the offsets of pieces count')
        .choices(['utf16', 'codepoint'])
        .default('utf16'),
    )
    .option('--json', 'print JSON')
    .action(async (words: string[], options: Options, command: Command) => {
      if (words.length === 0 && process.stdin.isTTY) command.error('error: no text, and nothing on standard input')
      const tokenizer = await open(options)
      const text = words.length > 0 ? words.join(' ') : await readText(process.stdin, 'standard input')
      const { specialTokens, offsetUnit = 'utf16' } = options
      const explanation = tokenizer.explain(text, {
        offsetUnit,
        ...(specialTokens === undefined ? {} : { specialTokens }),
      })
      await writeAll(options.json ? jsonPieces(explanation) : render(explanation))
      if (options.json) await write('\n')
    })
}

/** Bytes of a tokenizer's file, at most. The largest published ones have some 20 MB. */
const LARGEST_FILE = 2 ** 28

async function open({ model, tokenizer }: Options): Promise<Tokenizer> {
  const { Tokenizer } = await import('../node/tokenizer.ts')
  if (tokenizer === undefined) {
    if (model !== undefined && isFile(model)) throw wrongKind(model, 'a folder with the files of a model', 'a file')
    return Tokenizer.fromFolder(await modelFolder(model))
  }
  if ((await stat(tokenizer)).isDirectory()) throw wrongKind(tokenizer, 'a tokenizer.json or a vocab.txt', 'a folder')
  const [contents, config] = await Promise.all([
    readBytes(tokenizer, LARGEST_FILE),
    readBytes(join(dirname(tokenizer), 'tokenizer_config.json'), LARGEST_FILE).catch(undefinedIfMissing),
  ])
  const isJson = contents.toString('utf8', 0, 256).trimStart().startsWith('{')
  return isJson ? Tokenizer.fromJson(contents, config) : Tokenizer.fromVocab(contents, config)
}

function undefinedIfMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

function wrongKind(path: string, expected: string, found: string): OptionError {
  const nextStep = 'A folder is named with --model, a file with --tokenizer.'
  return new OptionError({ code: 'OPTION_MODEL', subject: path, expected, found, nextStep })
}

function* render({ segments, encoding }: Explanation): Generator<string> {
  for (const segment of segments) yield `${renderSegment(segment).join('\n')}\n`
  yield* renderPieces(encoding)
}

/** A line for each step. */
function renderSegment({ source, added, cleaned, normalized, words }: ExplainedSegment): string[] {
  if (added !== undefined) return [`added token  ${quote(source)}`, '']
  return [
    `text         ${quote(source)}`,
    `cleaned      ${quote(cleaned.text)}`,
    `normalized   ${quote(normalized.text)}`,
    `words        ${words.map(({ word }) => escapeControls(word)).join(' | ')}`,
    '',
  ]
}

/** A table of what the model is given: a row for each piece. */
function* renderPieces({ ids, tokens, offsets, typeIds, wordIds }: Encoding): Generator<string> {
  const rows = [['id', 'type', 'word', 'offsets', 'piece']]
  for (const [i, token] of tokens.entries()) {
    const [start, end] = offsets[i] ?? [0, 0]
    const word = wordIds[i] ?? null
    const place = word === null ? '' : `${start}–${end}`
    rows.push([`${ids[i]}`, `${typeIds[i]}`, word === null ? '' : `${word}`, place, escapeControls(token)])
  }
  const widths = [0, 0, 0, 0]
  for (const row of rows)
    widths.forEach((width, column) => (widths[column] = Math.max(width, row[column]?.length ?? 0)))
  for (const row of rows)
    yield `${row
      .map((cell, column) => cell.padStart(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`
}

function quote(text: string): string {
  return `"${escapeControls(text)}"`
}

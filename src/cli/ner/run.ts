/** The action of `bert-ner TEXT`: the model is loaded while the input is opened, texts flow through, results are printed. */
import { checkEntityCount } from '../../limits.ts'
import type { CallOptions } from '../../ner/options.ts'
import { pipeline } from '../../node/pipeline.ts'
import { backendOptions } from '../model-options.ts'
import { modelFolder } from '../hub/locate.ts'
import type { NerFlags } from './flags.ts'
import { BufferedOutput, redirectOutput } from '../output.ts'
import { startProgress } from '../progress.ts'
import { createPrinter } from './formats.ts'
import { openInputs, type Inputs, type Item } from './inputs.ts'
import { interruptible } from './interrupt.ts'
import { openResumed, wrongFile } from './resume.ts'

export async function run(words: readonly string[], flags: NerFlags): Promise<void> {
  const inputs = await openInputs(words, flags)
  const { threads = threadsFor(words) } = flags
  const model = await modelFolder(flags.model)
  await interruptible(signal =>
    answer(inputs, { ...flags, model, ...(threads === undefined ? {} : { threads }) }, signal),
  )
}

/** For a sentence, starting more threads takes longer than they save. */
function threadsFor(words: readonly string[]): number | undefined {
  return words.length > 0 && words.join(' ').length < 2000 ? 1 : undefined
}

async function answer(inputs: Inputs, flags: NerFlags, signal: AbortSignal): Promise<void> {
  const ner = await pipeline('token-classification', flags.model, backendOptions(flags))
  const { tokenizer } = ner
  const format = flags.format ?? (flags.jsonl === undefined ? 'pretty' : 'jsonl')
  const printer = createPrinter(format, {
    isSingle: inputs.isSingle,
    colour: hasColour(),
    isTerminal: process.stdout.isTTY && flags.resume === undefined,
    tokenizer,
    specialTokens: specialTokensOf(flags),
    fields: flags.fields,
    offsetUnit: flags.offsetUnit,
  })
  const resumed = flags.resume === undefined ? undefined : openResumed(flags.resume)
  if (resumed) redirectOutput(resumed.descriptor)
  const items = afterDone(inputs.items, resumed?.lines ?? 0, flags)
  const output = new BufferedOutput()
  const total = inputs.isSingle ? undefined : inputs.bytes
  const progress = await startProgress({ unit: 'texts', total, isInterleaved: true })
  const waiting: Item[] = []
  let isWhole = false
  let done = 0
  let bad = 0
  try {
    await output.write(printer.begin ?? '')
    for await (const entities of ner.stream(texts(items, waiting), callOptions(flags, signal))) {
      const item = waiting.shift()
      if (!item) break // There is one for each result.
      if (item.error) bad++
      if (item.error && flags.onError === 'skip') continue
      if (MARKED.includes(format)) checkEntityCount(entities.length, item.text.length, 'marked')
      const printed = printer.print(item, entities)
      for (const piece of typeof printed === 'string' ? [printed] : printed) await output.write(piece)
      progress.update(++done, item.bytes)
    }
    await output.write(printer.end?.() ?? '')
    isWhole = true
  } finally {
    progress.stop()
    if (!isWhole) await output.write(printer.abandon?.() ?? '')
    await output.flush() // The model is not disposed of: the process ends, and takes all with it.
  }
  if ((flags.onError ?? 'fail') !== 'fail') {
    const good = done - (flags.onError === 'record' ? bad : 0)
    process.stderr.write(`bert-ner: ${good} texts, ${bad} bad lines\n`)
  }
}

/** The items whose results an earlier run did not print. A line that is left out has none. */
async function* afterDone(items: AsyncIterable<Item>, done: number, flags: NerFlags): AsyncGenerator<Item> {
  let left = done
  for await (const item of items) {
    if (left > 0) {
      if (!item.error || flags.onError === 'record') left--
    } else yield item
  }
  if (left > 0) throw wrongFile(flags.resume ?? '', `at most ${done - left} lines, one a text`, `${done}`)
}

/** Formats that lay all entities over the text at once. */
const MARKED: readonly string[] = ['pretty', 'html', 'redacted']

/** The texts of items, which are kept until their results come: as many as the pipeline reads ahead. */
async function* texts(items: AsyncIterable<Item>, waiting: Item[]): AsyncGenerator<string> {
  for await (const item of items) {
    waiting.push(item)
    yield item.text
  }
}

/** Reads special tokens as text if names are taken out: none may hide behind a token that somebody typed. */
function specialTokensOf({ specialTokens, format }: NerFlags): NerFlags['specialTokens'] {
  return specialTokens ?? (format === 'redacted' ? 'literal' : undefined)
}

function callOptions(flags: NerFlags, signal: AbortSignal): CallOptions {
  const { aggregation, decoding, threshold, stride } = flags
  const specialTokens = specialTokensOf(flags)
  return {
    aggregation_strategy: aggregation,
    signal,
    ...(specialTokens === undefined ? {} : { specialTokens }),
    ...(decoding === undefined ? {} : { decoding }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(stride === undefined ? {} : { stride }),
  }
}

/** Colours for a terminal that has them; NO_COLOR and FORCE_COLOR as everyone reads them. */
function hasColour(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0'
  return process.stdout.isTTY && process.stdout.hasColors(256)
}

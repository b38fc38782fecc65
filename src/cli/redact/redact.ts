/** The action of `bert-ner redact`: texts flow through one session, whose names are kept before their placeholders leave. */
import { readFile } from 'node:fs/promises'
import { showControls } from '../../escape.ts'
import { pipeline } from '../../node/pipeline.ts'
import type { RedactorOptions } from '../../redact/options.ts'
import { PATTERNS } from '../../redact/patterns/patterns.ts'
import { createRedactor } from '../../redact/redactor.ts'
import type { Redactor } from '../../redact/session-types.ts'
import { modelFolder } from '../hub/locate.ts'
import { backendOptions } from '../model-options.ts'
import { openInputs, type Inputs, type Item } from '../ner/inputs.ts'
import { interruptible } from '../ner/interrupt.ts'
import { describeFailure } from '../failure.ts'
import { BufferedOutput } from '../output.ts'
import { startProgress } from '../progress.ts'
import { MappingFile } from './mapping-file.ts'
import type { RedactFlags } from './redact-command.ts'

/** Milliseconds between two writes of the mapping while texts flow: it grows, and each time it is written whole. */
const INTERVAL = 2000

export async function redactFiles(files: readonly string[], flags: RedactFlags): Promise<void> {
  const { lines } = flags
  const inputs = await openInputs([], {
    ...(files.length === 0 ? {} : { file: [...files] }),
    ...(lines === undefined ? {} : { lines }),
  })
  const key = flags.keyFile === undefined ? undefined : await readFile(flags.keyFile)
  const file = flags.mapping === undefined ? undefined : MappingFile.open(flags.mapping)
  const model = await modelFolder(flags.model)
  await interruptible(async signal => {
    const ner = await pipeline('token-classification', model, backendOptions(flags))
    const redactor = createRedactor(ner, redactorOptions(flags, key))
    const mapping = file?.mapping()
    if (mapping) redactor.import(mapping)
    await flow(inputs, redactor, file, signal)
  })
}

async function flow(
  inputs: Inputs,
  redactor: Redactor,
  file: MappingFile | undefined,
  signal: AbortSignal,
): Promise<void> {
  const output = new BufferedOutput()
  const total = inputs.isSingle ? undefined : inputs.bytes
  const progress = await startProgress({ unit: 'texts', total, isInterleaved: true })
  const save = () => file?.save(redactor.export())
  // A reader that has seen enough ends the process at once, and keeps placeholders.
  const saveAtExit = () => {
    try {
      save()
    } catch (error) {
      process.stderr.write(`bert-ner: ${describeFailure(error)}\n`)
    }
  }
  process.once('exit', saveAtExit)
  const waiting: Item[] = []
  let saved = -Infinity
  let done = 0
  try {
    for await (const { text } of redactor.stream(textsOf(inputs.items, waiting), { signal })) {
      const item = waiting.shift()
      if (!item) break // There is one for each result.
      if (performance.now() - saved > INTERVAL) {
        save()
        saved = performance.now()
      }
      await output.write((process.stdout.isTTY ? showControls(text) : text) + (item.ending ?? ''))
      progress.update(++done, item.bytes)
    }
  } finally {
    progress.stop()
    process.off('exit', saveAtExit)
    save()
    await output.flush()
  }
}

async function* textsOf(items: AsyncIterable<Item>, waiting: Item[]): AsyncGenerator<string> {
  for await (const item of items) {
    waiting.push(item)
    yield item.text
  }
}

function redactorOptions(flags: RedactFlags, key: Uint8Array | undefined): RedactorOptions {
  const { style, only, except, threshold, patterns = false, ignoreCase = false } = flags
  return {
    style,
    ignoreCase,
    patterns: patterns ? PATTERNS : [],
    ...(key === undefined ? {} : { key: withoutLineEnd(key) }),
    ...(only === undefined ? {} : { only }),
    ...(except === undefined ? {} : { except }),
    ...(threshold === undefined ? {} : { threshold }),
  }
}

/** Editors end a file with a line break, which is no part of a key. */
function withoutLineEnd(key: Uint8Array): Uint8Array {
  let end = key.length
  while (end > 0 && (key[end - 1] === 0x0a || key[end - 1] === 0x0d)) end--
  return key.subarray(0, end)
}

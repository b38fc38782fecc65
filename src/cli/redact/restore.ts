/** The action of `bert-ner restore`: texts in chunks → texts with their names, as fast as they come. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { OptionError, SourceError } from '../../errors.ts'
import { escapeControls, showControls } from '../../escape.ts'
import { Ledger } from '../../redact/ledger.ts'
import { EXPECTED_LABELS } from '../../redact/options.ts'
import { JsonRestorer } from '../../redact/restore-json.ts'
import { TextRestorer, type Restorer } from '../../redact/restore.ts'
import { BufferedOutput } from '../output.ts'
import { MappingFile } from './mapping-file.ts'
import type { RestoreFlags } from './restore-command.ts'

/** Unknown placeholders that are named; the others are counted. */
const NAMED = 5

export async function restoreFiles(files: readonly string[], { mapping: name, json }: RestoreFlags): Promise<void> {
  const paths = files.length === 0 ? ['-'] : files
  for (const path of paths) if (path !== '-') await stat(path) // Fails before anything is printed.
  const mapping = MappingFile.open(name).mapping()
  if (!mapping) throw noMapping(name)
  const ledger = new Ledger(EXPECTED_LABELS, false)
  ledger.import(mapping)
  const unknown = new Set<string>()
  const restorer = json
    ? new JsonRestorer(ledger, form => unknown.add(form))
    : new TextRestorer(ledger, form => unknown.add(form))
  const output = new BufferedOutput()
  try {
    for (const path of paths) await restoreOne(path, restorer, output)
  } finally {
    await output.flush()
    if (unknown.size > 0) process.stderr.write(report(unknown, name))
  }
}

async function restoreOne(path: string, restorer: Restorer, output: BufferedOutput): Promise<void> {
  const chunks: AsyncIterable<Uint8Array> = path === '-' ? process.stdin : createReadStream(path)
  const show = process.stdout.isTTY ? showControls : (text: string) => text
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined })
    } catch (cause) {
      throw notUtf8(path, cause)
    }
  }
  for await (const chunk of chunks) await output.write(show(restorer.push(decode(chunk))))
  await output.write(show(restorer.push(decode()) + restorer.end()))
}

function report(unknown: ReadonlySet<string>, name: string): string {
  const named = [...unknown].slice(0, NAMED).map(escapeControls).join(', ')
  const more = unknown.size > NAMED ? ` and ${unknown.size - NAMED} more` : ''
  return `bert-ner: ${named}${more}: no such name in ${escapeControls(name)}, left as in the text.\n`
}

function noMapping(name: string): OptionError {
  return new OptionError({
    code: 'OPTION_FILE',
    subject: name,
    expected: 'the mapping that bert-ner redact wrote',
    found: 'no such file',
    nextStep: 'Check the path.',
  })
}

function notUtf8(path: string, cause: unknown): SourceError {
  return new SourceError({
    code: 'SOURCE_NOT_UTF8',
    subject: path === '-' ? 'standard input' : path,
    expected: 'text in UTF-8',
    found: 'a byte that is no part of it',
    nextStep: 'Convert it first, e.g. iconv -f latin1 -t utf-8.',
    cause,
  })
}

/**
 * A program as a user would write it, compiled under the strictest settings against the packed tarball alone: no
 * dependency, no types of Node. It is never run.
 */
import {
  BertForTokenClassification,
  BertNerError,
  openSafetensors,
  packBatch,
  pipeline,
  readSafetensors,
  redact,
  Tokenizer,
  writeSafetensors,
  type EntityGroup,
  type ModelSource,
  type NerPipeline,
  type SafeTensor,
  type TokenEntity,
} from 'bert-ner'
import { findPatterns, PATTERNS, type PatternSpan } from 'bert-ner/patterns'
import { createHandler, type Handler } from 'bert-ner/serve'
import { createRedactor, type Mapping, type Redactor } from 'bert-ner/redact'

export function sum(tensor: SafeTensor): number {
  // `dtype` tells the compiler what `data` is.
  if (tensor.dtype === 'F32') return tensor.data.reduce((a, b) => a + b, 0)
  if (tensor.dtype === 'I64') return Number(tensor.data.reduce((a, b) => a + b, 0n))
  return NaN
}

export async function names(source: ModelSource): Promise<string[]> {
  const { tensors, close } = await openSafetensors(await source.open('model.safetensors'))
  await close()
  return [...tensors.keys()]
}

export function copy(bytes: Uint8Array): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes)
  return writeSafetensors(tensors, metadata)
}

export function explain(error: unknown): string {
  return error instanceof BertNerError ? `${error.code}: ${error.nextStep}` : String(error)
}

export async function logits(source: ModelSource, texts: readonly string[]): Promise<Float32Array> {
  const tokenizer = await Tokenizer.fromSource(source)
  const model = await BertForTokenClassification.load(source, { backend: 'naive' })
  const { logits } = await model.forward(packBatch(texts.map(text => tokenizer.encode(text))))
  await model.dispose()
  return logits
}

export async function lookInside(source: ModelSource, ids: readonly number[]): Promise<readonly Float32Array[]> {
  const model = await BertForTokenClassification.load(source)
  const { trace } = await model.forward(packBatch([{ ids, typeIds: ids.map(() => 0) }]), { trace: true })
  await model.dispose()
  return trace ? [...trace.hiddenStates, trace.attention(0, 0, 0), trace.layerLogits(0)] : []
}

export async function entities(files: Record<string, Uint8Array>, text: string): Promise<string[]> {
  const ner = await pipeline('token-classification', files)
  const tokens: TokenEntity[] = await ner(text) // The strategy tells the compiler which fields there are.
  const groups: EntityGroup[] = await ner(text, { aggregation_strategy: 'first', signal: AbortSignal.timeout(1000) })
  const lists: EntityGroup[][] = await ner([text], { aggregation_strategy: 'max', top_k: 3 })
  const redacted: string[] = []
  for await (const found of ner.stream([text])) redacted.push(redact(text, found, { style: 'mask' }))
  await ner.dispose()
  return [
    ...tokens.map(({ entity }) => entity),
    ...groups.concat(...lists).map(group => group.entity_group),
    ...redacted,
  ]
}

export async function roundTrip(ner: NerPipeline, text: string, ask: (prompt: string) => ReadableStream<string>) {
  const redactor: Redactor = createRedactor(ner, {
    patterns: PATTERNS,
    finders: [text => [{ label: 'ID', start: 0, end: Math.min(1, text.length) }]],
    style: ({ entity_group }, name, number) => `<${entity_group} ${number} of ${name.length}>`,
  })
  const { text: prompt, entities, mapping } = await redactor.redact(text, { signal: AbortSignal.timeout(1000) })
  const names: string[] = Object.values(mapping).concat(entities.map(({ replacement }) => replacement))
  const kept: Mapping = redactor.export()
  redactor.import(JSON.parse(JSON.stringify(kept)))
  const call: { to: string } = redactor.restore({ to: prompt })
  return { names, call, answer: ask(prompt).pipeThrough(redactor.restoreStream({ json: true })) }
}

export function forms(text: string): PatternSpan[] {
  return findPatterns(text, ['EMAIL'])
}

export async function served(request: Request): Promise<Response> {
  const handler: Handler = createHandler(pipeline('token-classification', {}), { deadline: 5 })
  return handler(request)
}

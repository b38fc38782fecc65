/** The pipeline whose work is done in a worker: the methods of `NerPipeline`, each a message. */
import { OptionError } from '../errors.ts'
import type { AggregationStrategy, EntityOf } from '../ner/entity.ts'
import { checkCallOptions, type CallOptions } from '../ner/options.ts'
import type { BertConfig } from '../layers/config.ts'
import type { Texts } from '../ner/stream.ts'
import type { RedactorOptions } from '../redact/options.ts'
import type { Redactor } from '../redact/session-types.ts'
import { FetchedSource } from '../source/fetched.ts'
import type { ModelSource } from '../source/source.ts'
import type { Encoding } from '../tokenizer/encoding.ts'
import type { Explanation } from '../tokenizer/explain.ts'
import type { EncodeOptions, EncodeTextOptions } from '../tokenizer/tokenizer.ts'
import { guarded, show, tagOf, UNREADABLE } from '../values.ts'
import { Client, type StartWorker } from './client.ts'
import type { ModelMessage } from './protocol.ts'
import type { TraceMessage, WorkerTrace } from './trace.ts'

/** `D`: the aggregation strategy of calls that name none. */
export interface WorkerPipeline<D extends AggregationStrategy = 'none'> {
  /** As in the pipeline itself. @throws also BackendError `BACKEND_WORKER` if the worker ends */
  <S extends AggregationStrategy = D>(text: string, options?: CallOptions<S>): Promise<EntityOf<S>[]>
  <S extends AggregationStrategy = D>(
    texts: readonly string[] | readonly (readonly string[])[],
    options?: CallOptions<S>,
  ): Promise<EntityOf<S>[][]>
  stream<S extends AggregationStrategy = D>(
    texts: Texts,
    options?: CallOptions<S>,
  ): AsyncGenerator<EntityOf<S>[], void, undefined>
  /** Frees the weights and ends the worker. Later calls reject with `BACKEND_DISPOSED`. */
  dispose(): Promise<void>
  readonly tokenizer: {
    /** Each step of the tokenizer, as `Tokenizer.explain`. */
    explain(text: string, options?: EncodeOptions): Promise<Explanation>
    encode(text: string, options?: EncodeTextOptions): Promise<Encoding>
  }
  readonly model: {
    readonly config: BertConfig
    readonly backend: string
    readonly device: string
    readonly dtype: string
    readonly threads: number
    readonly ignoredKeys: readonly string[]
  }
  /** Runs one text, or several, and keeps what is between the layers. @throws as `forward` of the model */
  trace(texts: string | readonly string[]): Promise<WorkerTrace>
  /** {@link WorkerTrace.attention} of the latest trace. */
  attention(layer: number, head: number, sequence?: number): Promise<Float32Array>
  /** A redactor with this pipeline. Names are looked for in the worker; replacing and restoring needs none. */
  createRedactor(options?: RedactorOptions): Promise<Redactor>
}

/** Splits the options of a load: those of the worker, and the callback, which stays here. */
interface Loading {
  readonly task: unknown
  readonly model: unknown
  readonly options: object
  readonly start: StartWorker
}

export async function workerPipeline<D extends AggregationStrategy>(loading: Loading): Promise<WorkerPipeline<D>> {
  const { progress_callback: report, ...options } = loading.options as { progress_callback?: (event: never) => void }
  const { message, source } = modelMessage(loading.model)
  const client = new Client(loading.start)
  client.serve(source, report)
  try {
    const { task } = loading
    const call = { call: 'load', task, model: message, options, reports: report !== undefined } as const
    const model = (await client.call(call)) as WorkerPipeline['model']
    return callable<D>(client, model)
  } catch (error) {
    client.terminate()
    throw error
  }
}

function callable<D extends AggregationStrategy>(client: Client, model: WorkerPipeline['model']): WorkerPipeline<D> {
  let latest = 0
  const attention = (trace: number, layer: number, head: number, sequence = 0) =>
    client.call({ call: 'attention', trace, layer, head, sequence }) as Promise<Float32Array>
  const run = async (input: unknown, given: CallOptions = {}) => {
    const { signal, options } = split(given)
    return client.call({ call: 'run', input, options }, signal)
  }
  const methods: Omit<WorkerPipeline, never> & object = Object.assign(run as unknown as WorkerPipeline, {
    stream(texts: Texts, given: CallOptions = {}) {
      const { signal, options } = split(given)
      checkIterable(texts)
      return client.stream(texts, options, signal)
    },
    dispose: () => client.dispose(),
    tokenizer: {
      explain: (text: string, options: EncodeOptions = {}) => client.call({ call: 'explain', text, options }),
      encode: (text: string, options: EncodeTextOptions = {}) => client.call({ call: 'encode', text, options }),
    },
    model,
    async trace(input: string | readonly string[]) {
      const message = (await client.call({ call: 'trace', input })) as TraceMessage
      const { number, ...values } = message
      latest = number
      const trace: WorkerTrace = {
        ...values,
        attention: (layer, head, sequence) => attention(number, layer, head, sequence),
      }
      return trace
    },
    attention: (layer: number, head: number, sequence?: number) => attention(latest, layer, head, sequence),
    async createRedactor(options: RedactorOptions = {}) {
      const { createRedactor } = await import('../redact/redactor.ts') // most pages have no use for it
      return createRedactor(methods as never, options)
    },
  })
  return methods as unknown as WorkerPipeline<D>
}

/** Checks options here, where their faults were made, and takes out the signal, which cannot be sent. */
function split(given: CallOptions): { readonly signal: AbortSignal | undefined; readonly options: object } {
  checkCallOptions({ is_split_into_words: true }, given)
  const { signal, ...options } = given
  return { signal, options }
}

function checkIterable(texts: unknown): void {
  const isOne = guarded(
    () => {
      if (typeof texts !== 'object' || texts === null) return false
      const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = texts as Partial<
        Iterable<unknown> & AsyncIterable<unknown>
      >
      return typeof (later ?? now) === 'function'
    },
    () => wrong('texts', 'an iterable or async iterable of texts', UNREADABLE),
  )
  if (!isOne) throw wrong('texts', 'an iterable or async iterable of texts', show(texts))
}

/** The model as it can be sent; a source that cannot stays here, and is asked. The worker judges whatever else it is. */
function modelMessage(model: unknown): { readonly message: ModelMessage; readonly source?: ModelSource } {
  return guarded(
    () => {
      if (model === undefined) return { message: { kind: 'default' } }
      if (typeof model === 'string') return { message: { kind: 'name', name: model } }
      if (isUrl(model)) return { message: { kind: 'name', name: model.href } }
      if (model instanceof FetchedSource && model.remote) return { message: { kind: 'remote', remote: model.remote } }
      if (typeof model === 'object' && model !== null && 'open' in model && typeof model.open === 'function') {
        return { message: { kind: 'asked' }, source: model as ModelSource }
      }
      return { message: { kind: 'files', files: model as Readonly<Record<string, Uint8Array>> } }
    },
    () => wrong('model', 'the files of a model', UNREADABLE),
  )
}

/** Whether it is a URL, of whatever realm. */
function isUrl(model: unknown): model is URL {
  return tagOf(model) === 'URL'
}

function wrong(subject: string, expected: string, found: string): OptionError {
  return new OptionError({
    code: subject === 'model' ? 'OPTION_MODEL' : 'OPTION_VALUE',
    subject,
    expected,
    found,
    nextStep: 'Pass what the pipeline itself takes.',
  })
}

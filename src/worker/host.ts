/**
 * The worker's side: it loads a pipeline, and answers calls with it. The caller's errors come back as they are thrown here, with
 * their codes; its AbortSignals arrive as messages.
 */
import { BackendError, OptionError } from '../errors.ts'
import { packBatch } from '../layers/batch.ts'
import type { Trace } from '../layers/trace.ts'
import type { NerPipeline } from '../ner/pipeline.ts'
import { softmax } from '../ner/softmax.ts'
import { FetchedSource } from '../source/fetched.ts'
import type { ModelFile, ModelSource } from '../source/source.ts'
import { show } from '../values.ts'
import {
  errorMessage,
  errorOf,
  type Call,
  type FromWorker,
  type ModelMessage,
  type Port,
  type Question,
  type SomeTexts,
  type ToWorker,
} from './protocol.ts'
import { Results } from './results.ts'
import type { TraceMessage } from './trace.ts'

/** Makes a pipeline, as the entry of this platform does: `model` is undefined for the package's own. */
export type Load = (task: never, model: unknown, options: never) => Promise<NerPipeline>

/** Answers the messages of one caller. */
export class Host {
  readonly #port: Port
  readonly #load: Load
  readonly #running = new Map<number, AbortController>()
  readonly #streams = new Map<number, Results>()
  readonly #questions = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  #ner: NerPipeline | undefined
  /** The latest trace, for its attention. One is kept: it may be as large as the model. */
  #trace: { readonly number: number; readonly trace: Trace } | undefined
  #number = 0

  constructor(port: Port, load: Load) {
    this.#port = port
    this.#load = load
  }

  receive(message: ToWorker): void {
    if ('call' in message) void this.#answer(message)
    else if ('abort' in message) this.#running.get(message.abort)?.abort()
    else {
      const question = this.#questions.get(message.reply)
      this.#questions.delete(message.reply)
      if (message.error) question?.reject(errorOf(message.error))
      else question?.resolve(message.value)
    }
  }

  async #answer(call: Call & { readonly id: number }): Promise<void> {
    const { id } = call
    const controller = new AbortController()
    this.#running.set(id, controller)
    try {
      const [value, transfer] = await this.#run(call, controller.signal)
      this.#send({ id, value }, transfer)
    } catch (error) {
      this.#send({ id, error: errorMessage(error) })
    } finally {
      if (call.call !== 'stream') this.#running.delete(id) // A stream's signal counts until it ends.
    }
  }

  async #run(
    call: Call & { readonly id: number },
    signal: AbortSignal,
  ): Promise<[value: unknown, transfer?: ArrayBuffer[]]> {
    switch (call.call) {
      case 'load':
        return [await this.#start(call)]
      case 'run':
        return [await this.#pipeline()(call.input as string, { ...call.options, signal })]
      case 'stream': {
        const texts = askedTexts(() => this.#ask({ ask: 'texts', stream: call.stream }))
        const results = this.#pipeline().stream(texts, { ...call.options, signal })
        this.#streams.set(call.stream, new Results(results))
        return [undefined]
      }
      case 'next':
        return [await this.#streams.get(call.stream)?.some()]
      case 'leave': {
        const results = this.#streams.get(call.stream)
        this.#streams.delete(call.stream)
        this.#running.delete(call.stream)
        await results?.leave()
        return [undefined]
      }
      case 'explain':
        return [this.#pipeline().tokenizer.explain(call.text as string, call.options)]
      case 'encode':
        return [this.#pipeline().tokenizer.encode(call.text as string, call.options)]
      case 'trace':
        return this.#look(call.input)
      case 'attention': {
        const found = this.#attention(call.trace, call.layer as number, call.head as number, call.sequence as number)
        return [found, [found.buffer as ArrayBuffer]]
      }
      case 'dispose':
        await this.#ner?.dispose()
        return [undefined]
    }
  }

  async #start({ task, model, options, reports }: Extract<Call, { call: 'load' }>): Promise<object> {
    const progress_callback = (progress: unknown) => {
      this.#send({ progress })
    }
    const given = { ...options, ...(reports ? { progress_callback } : {}) }
    const ner = await this.#load(task as never, this.#modelOf(model), given as never)
    this.#ner = ner
    const { backend, device, dtype, threads, config, ignoredKeys } = ner.model
    return { backend, device, dtype, threads, config: { ...config, labels: [...config.labels] }, ignoredKeys }
  }

  #modelOf(model: ModelMessage): unknown {
    switch (model.kind) {
      case 'default':
        return undefined
      case 'name':
        return model.name
      case 'files':
        return model.files
      case 'remote':
        return new FetchedSource(model.remote)
      case 'asked':
        return this.#askedSource()
    }
  }

  /** A source whose files the caller reads. */
  #askedSource(): ModelSource {
    return {
      open: async name => {
        const { file, size } = (await this.#ask({ ask: 'open', name })) as { file: number; size: number }
        const opened: ModelFile = {
          size,
          read: async (offset, length) => (await this.#ask({ ask: 'read', file, offset, length })) as Uint8Array,
          close: async () => {
            await this.#ask({ ask: 'close', file })
          },
        }
        return opened
      },
    }
  }

  #ask(question: Question): Promise<unknown> {
    const number = ++this.#number
    return new Promise((resolve, reject) => {
      this.#questions.set(number, { resolve, reject })
      this.#send({ ...question, question: number })
    })
  }

  async #look(input: unknown): Promise<[TraceMessage, ArrayBuffer[]]> {
    const { tokenizer, model } = this.#pipeline()
    const texts = (Array.isArray(input) ? input : [input]) as string[]
    const encodings = texts.map(text => tokenizer.encode(text))
    const batch = packBatch(encodings)
    const { trace } = await model.forward(batch, { trace: true })
    if (!trace) throw new Error('no trace') // it was asked for
    const number = ++this.#number
    this.#trace = { number, trace }
    const { labels } = model.config
    const layerLogits = trace.hiddenStates.map((_, layer) => trace.layerLogits(layer).slice())
    const message: TraceMessage = {
      number,
      encodings,
      starts: [...batch.starts],
      hiddenStates: trace.hiddenStates.map(values => values.slice()),
      layerLogits,
      layerLabels: layerLogits.map(logits => bestLabels(logits, labels)),
    }
    const buffers = [...message.hiddenStates, ...message.layerLogits].map(values => values.buffer as ArrayBuffer)
    return [message, buffers]
  }

  #attention(number: number, layer: number, head: number, sequence: number): Float32Array {
    if (this.#trace?.number === number) return this.#trace.trace.attention(layer, head, sequence)
    throw new OptionError({
      code: 'OPTION_TRACE',
      subject: 'attention',
      expected: 'the latest trace',
      found: number === 0 ? 'no trace yet' : 'an earlier one, whose attention is gone',
      nextStep: 'Call trace(text) first; one trace is kept at a time.',
    })
  }

  #pipeline(): NerPipeline {
    if (this.#ner) return this.#ner
    throw new BackendError({
      code: 'BACKEND_DISPOSED',
      subject: 'the worker',
      expected: 'a pipeline',
      found: 'none that was loaded',
      nextStep: 'Await pipeline(…) first.',
    })
  }

  #send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    try {
      this.#port.post(message, transfer)
    } catch (error) {
      // An answer that cannot be sent is an error that can.
      if ('id' in message) this.#port.post({ id: message.id, error: errorMessage(error) }, [])
      else throw error
    }
  }
}

/** Asks the caller for some texts whenever there are none left. */
async function* askedTexts(ask: () => Promise<unknown>): AsyncGenerator<string, void, undefined> {
  for (;;) {
    const { texts, done } = (await ask()) as SomeTexts
    for (const text of texts) yield text as string
    if (done) return
  }
}

/** The likeliest label of each row of logits [T, L], and its probability. */
function bestLabels(logits: Float32Array, labels: readonly string[]): { label: string; score: number }[] {
  const L = labels.length
  const probabilities = softmax(logits, L)
  return Array.from({ length: logits.length / L }, (_, t) => {
    const row = probabilities.subarray(t * L, (t + 1) * L)
    const best = row.reduce((at, value, l) => (value > (row[at] ?? 0) ? l : at), 0)
    return { label: labels[best] ?? show(best), score: row[best] ?? 0 }
  })
}

/** The model in its worker: loads it with the engine that was chosen, and reads texts with it. */
import { SourceError, type EntityGroup, type ModelSource, type Redactor } from 'bert-ner'
import { defaultModel } from 'bert-ner/weights'
import { pipeline, type WorkerOptions, type WorkerPipeline } from 'bert-ner/worker'
import type { Found } from './state.ts'

export interface Choice {
  readonly engine: 'simd' | 'wasm' | 'webgl' | 'naive'
  readonly dtype: 'auto' | 'fp32' | 'w8a16' | 'q8'
  /** 0: as many as are worth it. */
  readonly threads: number
  readonly decoding: 'default' | 'constrained' | 'argmax'
}

export const ENGINES: readonly { readonly name: Choice['engine']; readonly label: string }[] = [
  { name: 'simd', label: 'simd, our own kernels' },
  { name: 'wasm', label: 'tfjs, wasm' },
  { name: 'webgl', label: 'tfjs, webgl' },
  { name: 'naive', label: 'plain loops, the definition' },
]

/** Whether a worker of this browser can draw with WebGL 2, which tfjs computes with. */
export function hasWebgl(): boolean {
  const context = typeof OffscreenCanvas === 'function' ? new OffscreenCanvas(1, 1).getContext('webgl2') : null
  context?.getExtension('WEBGL_lose_context')?.loseContext()
  return context !== null
}

/** A folder that was dropped. */
export interface ModelFiles {
  readonly name: string
  readonly files: ReadonlyMap<string, File>
}

export interface LoadedModel {
  readonly name: string
  /** Backend, device, arithmetic and threads, for people. */
  readonly summary: string
  readonly ner: WorkerPipeline<'first'>
  /** The names of each text, in order, as soon as they are found. */
  read(texts: readonly string[], signal: AbortSignal): AsyncIterable<readonly Found[]>
  /** The number of tokens of some texts. */
  count(texts: readonly string[]): Promise<number>
  redactor(): Promise<Redactor>
  dispose(): Promise<void>
}

/** @throws what the pipeline rejects with: SourceError, ConfigError, BackendError … */
export async function loadModel(
  files: ModelFiles | undefined,
  choice: Choice,
  report: (progress: number) => void,
): Promise<LoadedModel> {
  const tfjs = choice.engine === 'wasm' || choice.engine === 'webgl' ? choice.engine : undefined
  const options: WorkerOptions<'first'> = {
    aggregation_strategy: 'first',
    backend: tfjs ? 'tfjs' : choice.engine === 'simd' ? 'simd' : 'naive',
    ...(tfjs ? { device: tfjs, worker: WORKERS[tfjs], wasm: new URL('./tfjs/', document.baseURI).href } : {}),
    ...(choice.engine === 'simd' ? { dtype: choice.dtype } : {}),
    ...(choice.engine === 'simd' && choice.threads > 0 && crossOriginIsolated ? { threads: choice.threads } : {}),
    ...(choice.decoding === 'default' ? {} : { decoding: choice.decoding }),
    progress_callback: event => {
      if (event.status === 'progress' && event.file.endsWith('.safetensors')) report(event.progress / 100)
    },
  }
  const ner = await pipeline('token-classification', files ? sourceOf(files.files) : defaultModel(), options)
  const { backend, device, dtype, threads } = ner.model
  const engine = backend === 'tfjs' ? `tfjs ${device}` : backend
  return {
    name: files?.name ?? 'The default model',
    summary: `${engine}, ${dtype}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    ner,
    read: (texts, signal) => read(ner, texts, signal),
    async count(texts) {
      const encodings = await Promise.all(texts.map(text => ner.tokenizer.encode(text)))
      return encodings.reduce((sum, { ids }) => sum + ids.length, 0)
    },
    redactor: () => ner.createRedactor(),
    dispose: () => ner.dispose(),
  }
}

/** Workers with tfjs in them, started only if tfjs is chosen. The addresses are written out for the bundler. */
const WORKERS = {
  wasm: () => new Worker(new URL('./tfjs-worker.ts', import.meta.url), { type: 'module', name: 'bert-ner-tfjs' }),
  webgl: () =>
    new Worker(new URL('./tfjs-webgl-worker.ts', import.meta.url), { type: 'module', name: 'bert-ner-tfjs-webgl' }),
}

async function* read(ner: WorkerPipeline<'first'>, texts: readonly string[], signal: AbortSignal) {
  for await (const entities of ner.stream(texts, { signal, specialTokens: 'literal' })) yield entities.map(found)
}

function found({ entity_group: type, score, start, end }: EntityGroup): Found {
  return { type, score, start, end }
}

/** The files of a folder, read piece by piece. */
function sourceOf(files: ReadonlyMap<string, File>): ModelSource {
  return {
    open(name) {
      const file = files.get(name)
      if (!file) {
        const error = new SourceError({
          code: 'SOURCE_FILE_MISSING',
          subject: name,
          expected: 'a file of this name in the folder',
          found: [...files.keys()].join(', '),
          nextStep: 'Drop the whole folder: config.json, model.safetensors and the files of the tokenizer.',
        })
        return Promise.reject(error)
      }
      return Promise.resolve({
        size: file.size,
        read: async (offset: number, length: number) =>
          new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
      })
    },
  }
}

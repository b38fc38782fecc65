/** The models to measure, as folders on disk, with their exports for the peers. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { BASE, MINI, randomIds, randomModel, type RandomModelOptions } from '../../test/helpers/random-model.js'
import type { Sequence } from './hosts/host.ts'
import { BENCH, CACHE, ROOT } from './paths.ts'

export interface Model {
  readonly name: string
  /** config.json, model.safetensors, tokenizer files */
  readonly folder: string
  /** The folder for the peers: the same weights in onnx/, and the files beside it. null, with `why`, if there is none. */
  readonly exported: string | null
  readonly why?: string
  readonly vocab: number
  readonly positions: number
  /** Whether a token costs about as much as in BERT-base; streams are then shorter. */
  readonly isLarge: boolean
}

/** The number of tokens whose logits are compared before anything is timed. */
export const CHECKED_TOKENS = 32

export function modelFrom(name: string, folder: string): Model {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as {
    vocab_size: number
    max_position_embeddings: number
    hidden_size: number
    num_hidden_layers: number
  }
  return {
    name,
    folder: resolve(folder),
    exported: null,
    vocab: config.vocab_size,
    positions: config.max_position_embeddings,
    isLarge: config.num_hidden_layers * config.hidden_size ** 2 > 4e6,
  }
}

/** The model that the repository carries, or null. */
export function defaultModel(): Model | null {
  const folder = join(ROOT, 'weights')
  return existsSync(join(folder, 'model.safetensors')) ? modelFrom('default model', folder) : null
}

/** Random weights of BERT-base's shape, or of a tiny one; written to the cache once. */
export function randomModelFolder(size: 'base' | 'mini'): Model {
  const shape: RandomModelOptions = size === 'base' ? BASE : MINI
  const key = createHash('sha256')
    .update(JSON.stringify(shape))
    .update(randomModel.toString())
    .digest('hex')
    .slice(0, 12)
  const folder = join(CACHE, `${size}-${key}`)
  if (!existsSync(join(folder, 'complete'))) {
    mkdirSync(folder, { recursive: true })
    for (const [file, bytes] of Object.entries(randomModel(shape))) writeFileSync(join(folder, file), bytes)
    writeVocabulary(folder, shape.vocab ?? 0)
    writeFileSync(join(folder, 'complete'), '')
  }
  return modelFrom(size === 'base' ? 'BERT-base, random weights' : 'mini, random weights', folder)
}

/** Writes a vocabulary for random weights: the first lines of the default model's. */
function writeVocabulary(folder: string, size: number): void {
  const source = join(ROOT, 'weights/vocab.txt')
  if (!existsSync(source)) return
  const lines = readFileSync(source, 'utf8').split('\n').slice(0, size)
  writeFileSync(join(folder, 'vocab.txt'), lines.join('\n') + '\n')
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({ tokenizer_class: 'BertTokenizer', do_lower_case: true }),
  )
}

export function sequence({ vocab }: Model, length: number, seed = 0): Sequence {
  const ids = randomIds(length, vocab, seed)
  return { ids, typeIds: ids.map(() => 0) }
}

/** Runs export.py on the model, unless an export of the same weights exists. */
export async function exportForPeers(model: Model, python: string | undefined): Promise<Model> {
  const hash = createHash('sha256')
  for (const path of [join(model.folder, 'model.safetensors'), join(BENCH, 'export/export.py')]) {
    hash.update(readFileSync(path))
  }
  const out = join(CACHE, `export-${hash.digest('hex').slice(0, 12)}`)
  if (!existsSync(join(out, 'complete'))) {
    try {
      const command = python ?? preparePython()
      console.error(`exporting ${model.name} …`)
      rmSync(out, { recursive: true, force: true })
      mkdirSync(out, { recursive: true })
      const ids = join(out, 'ids.json')
      writeFileSync(ids, JSON.stringify(sequence(model, CHECKED_TOKENS).ids))
      await promisify(execFile)(command, [join(BENCH, 'export/export.py'), model.folder, out, '--ids', ids], {
        env: { ...process.env, HF_HUB_OFFLINE: '1' },
        maxBuffer: 2 ** 26,
      })
      writeFileSync(join(out, 'complete'), '')
    } catch (error) {
      const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n')
      return { ...model, why: `export failed: ${lines.at(-1) ?? ''}` }
    }
  }
  return { ...model, exported: out }
}

/** Makes a virtual environment with the pinned requirements on first use. */
function preparePython(): string {
  const environment = join(BENCH, 'export/.venv')
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(join(environment, 'complete'))) {
    console.error(
      'installing the Python packages of bench/export (once, several gigabytes; --python PATH uses yours) …',
    )
    rmSync(environment, { recursive: true, force: true })
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'ignore' })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '-r', join(BENCH, 'export/requirements.txt')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    writeFileSync(join(environment, 'complete'), '')
  }
  return python
}

/** PyTorch's logits of the checked ids, if the export wrote them. */
export function referenceLogits({ exported }: Model): readonly number[] | null {
  if (exported === null) return null
  return (JSON.parse(readFileSync(join(exported, 'reference.json'), 'utf8')) as { logits: number[] }).logits
}

/**
 * Opens the weights of a model folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * The form of the index is {"metadata": {…}, "weight_map": {"tensor name": "file", …}}.
 */
import { SafetensorsError } from '../errors.ts'
import type { ModelFile, ModelSource } from '../source/source.ts'
import { explainMissing, openFile, readFile } from '../source/source.ts'
import { MAX_HEADER_BYTES, type TensorInfo } from './header.ts'
import { readAll } from './read-ahead.ts'
import { missingTensor, openSafetensors, type Allocate, type OpenSafetensors, type SafeTensor } from './reader.ts'
import { JsonScanner } from '../json/scanner.ts'
import { codeOf, decodeUtf8, quote } from '../values.ts'
import { jsonErrors } from './json-errors.ts'

/** The longest index accepted, in bytes: the same as for a header, which lists the same names. */
const MAX_INDEX_BYTES = MAX_HEADER_BYTES

/** How the weights of a model are named and opened. */
export interface WeightFiles {
  readonly single: string
  readonly index: string
  /** That of each shard. */
  readonly extension: string
  readonly open: (file: ModelFile, name: string) => Promise<OpenSafetensors>
}

const SAFETENSORS: WeightFiles = {
  single: 'model.safetensors',
  index: 'model.safetensors.index.json',
  extension: '.safetensors',
  open: openSafetensors,
}

/**
 * Opens a model's weights. It reads the headers but no tensor. The caller closes it.
 *
 * @throws SourceError `SOURCE_FILE_MISSING` if there is neither file, or a shard is missing; it says which other weights there are
 * @throws SafetensorsError for a damaged file, or `SAFETENSORS_INDEX_INVALID` for an index that does not fit its shards
 */
export async function openCheckpoint(source: ModelSource): Promise<OpenSafetensors> {
  const opened = await openWeightFiles(source, SAFETENSORS)
  if ('read' in opened) return opened
  throw await explainMissing(source, opened)
}

/** {@link openCheckpoint} for files of any kind; if there are none, the error of the single one. */
export async function openWeightFiles(source: ModelSource, files: WeightFiles): Promise<OpenSafetensors | Error> {
  try {
    return await openNamed(source, files.single, files)
  } catch (error) {
    if (codeOf(error) !== MISSING) throw error
    const index = await readFile(source, files.index, MAX_INDEX_BYTES).catch((second: unknown) => {
      if (codeOf(second) !== MISSING) throw second
      return undefined
    })
    // Most models have one file, so if both names are missing, that one is worth reporting.
    return index ? openShards(source, parseIndex(index, files), files) : (error as Error)
  }
}

const MISSING = 'SOURCE_FILE_MISSING'

async function openNamed(source: ModelSource, name: string, { open }: WeightFiles): Promise<OpenSafetensors> {
  const file = await openFile(source, name)
  try {
    return await open(file, name)
  } catch (error) {
    await file.close?.()
    throw error
  }
}

async function openShards(
  source: ModelSource,
  weightMap: Map<string, string>,
  files: WeightFiles,
): Promise<OpenSafetensors> {
  const shards = new Map<string, OpenSafetensors>()
  const close = async () => {
    await Promise.all(Array.from(shards.values(), shard => shard.close()))
  }
  try {
    for (const name of new Set(weightMap.values())) shards.set(name, await openNamed(source, name, files))
    return { ...mergeShards(shards, weightMap, files.index), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Merges all shards into one. A tensor that the index does not mention is not part of the model. */
function mergeShards(shards: Map<string, OpenSafetensors>, weightMap: Map<string, string>, index: string) {
  const metadata = new Map<string, string>()
  const tensors = new Map<string, TensorInfo>()
  for (const shard of shards.values()) for (const [key, value] of shard.metadata) metadata.set(key, value)
  for (const [key, name] of weightMap) {
    const info = shards.get(name)?.tensors.get(key)
    if (info === undefined) throw invalid(index, `tensor ${quote(key)} in ${quote(name)}`, 'no such tensor there')
    tensors.set(key, info)
  }
  const shardOf = (key: string): OpenSafetensors => {
    const shard = shards.get(weightMap.get(key) ?? '')
    if (shard === undefined) throw missingTensor(index, key, tensors.size)
    return shard
  }
  return {
    metadata,
    tensors,
    read: async (key: string) => shardOf(key).read(key),
    readBytes: async (key: string, start: number, end: number) => shardOf(key).readBytes(key, start, end),
    async readAll(keys: readonly string[], allocate?: Allocate) {
      const found: SafeTensor[] = []
      for (const name of new Set(keys.map(key => weightMap.get(key)))) {
        const shard = shards.get(name ?? '')
        const mine = keys.flatMap((key, at) => (weightMap.get(key) === name ? [{ key, at }] : []))
        if (shard === undefined) throw missingTensor(index, mine[0]?.key ?? '', tensors.size)
        const names = mine.map(({ key }) => key)
        const read = await readAll(shard, names, allocate)
        mine.forEach(({ at }, i) => (found[at] = read[i]!))
      }
      return found
    },
  }
}

function parseIndex(bytes: Uint8Array, { index, extension }: WeightFiles): Map<string, string> {
  const scanner = new JsonScanner(
    decodeUtf8(bytes, found => invalid(index, 'UTF-8', found), true),
    jsonErrors(index),
  )
  let weightMap: Map<string, string> | undefined
  for (let key = scanner.firstKey(); key !== undefined; key = scanner.nextKey()) {
    if (key !== 'weight_map') scanner.skipValue(1)
    else if (weightMap === undefined) weightMap = parseWeightMap(scanner, index, extension)
    else throw invalid(index, '"weight_map" once', 'it twice')
  }
  scanner.end()
  if (weightMap) return weightMap
  throw invalid(index, '"weight_map"', 'none')
}

function parseWeightMap(scanner: JsonScanner, index: string, extension: string): Map<string, string> {
  const weightMap = new Map<string, string>()
  for (let key = scanner.firstKey(); key !== undefined; key = scanner.nextKey()) {
    if (weightMap.has(key)) throw invalid(index, 'each tensor once', `${quote(key)} again`)
    const file = scanner.string()
    // An index must not reach out of its folder.
    if (!file.endsWith(extension) || file.includes('/') || file.includes('\\')) {
      throw invalid(index, `names of ${extension} files in the same folder`, quote(file))
    }
    weightMap.set(key, file)
  }
  return weightMap
}

function invalid(index: string, expected: string, found: string): SafetensorsError {
  return new SafetensorsError({
    code: 'SAFETENSORS_INDEX_INVALID',
    subject: index,
    expected,
    found,
    nextStep: 'Fetch the index and all its files again, from the same revision of the model.',
  })
}

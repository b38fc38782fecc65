/**
 * `bert-ner inspect FILE`: what a safetensors file holds, from its header alone, however large the file is; and with `--verify`,
 * whether it still gives the logits that it says it gives.
 */
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { TensorInfo } from '../safetensors/header.ts'
import type { OpenSafetensors } from '../safetensors/reader.ts'
import { escapeControls } from '../escape.ts'
import { jsonPieces } from './json.ts'
import { writeAll } from './output.ts'
import type { Command } from './vendor/commander.ts'

export function register(program: Command): void {
  program
    .command('inspect')
    .description('list the tensors of a safetensors file: names, types, shapes, parameters, metadata')
    .argument('<file>', 'a .safetensors file, a model folder (shards are shown as one), or owner/name of the hub')
    .option(
      '--verify',
      'compute the logits that bert-ner convert wrote into the file; exit status 1 if they are others',
    )
    .option('--json', 'print JSON')
    .action(async (given: string, { json = false, verify = false }: { json?: boolean; verify?: boolean }) => {
      const path = await locate(given)
      const checkpoint = await open(path)
      try {
        if (verify) {
          const { runVerify } = await import('./convert/verify.ts')
          await runVerify(path, checkpoint, json)
          return
        }
        await writeAll(json ? jsonPieces(describe(path, checkpoint)) : tableOf(path, checkpoint))
        if (json) await writeAll(['\n'])
      } finally {
        await checkpoint.close()
      }
    })
}

/** A file or folder as it is; what else has the form of a name is one of the hub. */
async function locate(given: string): Promise<string> {
  const { looksLikePath } = await import('../source/hub/name.ts')
  const isThere = await stat(given).then(
    () => true,
    () => false,
  )
  // A name has one slash; of a file that is not there, the system's own error says most.
  if (isThere || looksLikePath(given) || given.endsWith('.safetensors') || !given.includes('/')) return given
  const { modelFolder } = await import('./hub/locate.ts')
  return modelFolder(given)
}

async function open(path: string): Promise<OpenSafetensors> {
  const { sourceFromFolder } = await import('../node/folder.ts')
  const isFolder = (await stat(path)).isDirectory()
  if (isFolder) {
    const { openCheckpoint } = await import('../safetensors/checkpoint.ts')
    return openCheckpoint(sourceFromFolder(path))
  }
  const { openSafetensors } = await import('../safetensors/reader.ts')
  const file = await sourceFromFolder(dirname(path)).open(basename(path))
  try {
    return await openSafetensors(file, path)
  } catch (error) {
    await file.close?.()
    throw error
  }
}

interface Total {
  tensors: number
  parameters: number
  bytes: number
}

/** Sums over the tensors of each type, and over all. */
function tally(tensors: ReadonlyMap<string, TensorInfo>): { all: Total; byType: Map<string, Total> } {
  const all = { tensors: 0, parameters: 0, bytes: 0 }
  const byType = new Map<string, Total>()
  for (const tensor of tensors.values()) {
    const ofType = byType.get(tensor.dtype) ?? { tensors: 0, parameters: 0, bytes: 0 }
    byType.set(tensor.dtype, ofType)
    for (const total of [all, ofType]) {
      total.tensors += 1
      total.parameters += parametersOf(tensor)
      total.bytes += tensor.end - tensor.start
    }
  }
  return { all, byType }
}

function parametersOf({ shape }: TensorInfo): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** One tensor a line, so that a file of a million tensors needs no more memory than its header, and grep works. */
function describe(path: string, { metadata, tensors }: OpenSafetensors): unknown {
  const { all, byType } = tally(tensors)
  return {
    file: path,
    metadata: Object.fromEntries(metadata),
    parameters: all.parameters,
    bytes: all.bytes,
    dtypes: Object.fromEntries(byType),
    tensors: describeTensors(tensors),
  }
}

function* describeTensors(tensors: ReadonlyMap<string, TensorInfo>): Generator {
  for (const [name, tensor] of tensors) {
    const { dtype, shape, start, end } = tensor
    yield { name, dtype, shape, parameters: parametersOf(tensor), bytes: end - start, start, end }
  }
}

function* tableOf(path: string, { metadata, tensors }: OpenSafetensors): Generator<string> {
  const { all, byType } = tally(tensors)
  for (const [key, value] of metadata) yield `# ${printable(key)}: ${printable(value)}\n`
  let nameWidth = 0
  let shapeWidth = 0
  for (const [name, { shape }] of tensors) {
    nameWidth = Math.max(nameWidth, Math.min(printable(name).length, WIDEST))
    shapeWidth = Math.max(shapeWidth, Math.min(shapeText(shape).length, WIDEST))
  }
  const width = integer(all.parameters).length
  for (const [name, tensor] of tensors) {
    const shape = shapeText(tensor.shape).padEnd(shapeWidth)
    const parameters = integer(parametersOf(tensor)).padStart(width)
    yield `${printable(name).padEnd(nameWidth)}  ${tensor.dtype.padEnd(4)}  ${shape}  ${parameters}\n`
  }
  const types = Array.from(byType, ([dtype, total]) => `${dtype} in ${plural(total.tensors, 'tensor')}`).join(', ')
  const size = `${plural(all.parameters, 'parameter')}, ${integer(all.bytes)} bytes of data`
  yield `${printable(path)}: ${plural(all.tensors, 'tensor')}, ${size}${types === '' ? '' : ` (${types})`}\n`
}

/** A longer name or shape sticks out of its column: one of them must not make every line of a million as long. */
const WIDEST = 100

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

function integer(value: number): string {
  return value.toLocaleString('en-US')
}

function plural(count: number, noun: string): string {
  return `${integer(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A plain name as it is, any other as a JSON string. */
function printable(text: string): string {
  const quoted = escapeControls(JSON.stringify(text))
  return text !== '' && text.trim() === text && quoted === `"${text}"` ? text : quoted
}

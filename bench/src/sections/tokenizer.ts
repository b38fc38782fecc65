/** Times the tokenizers alone, from text to ids, in megabytes of UTF-8 per second. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '../../../dist/node.js'
import { Bench, progress } from '../bench.ts'
import { asError, interleave } from '../interleave.ts'
import type { Model } from '../models.ts'
import { importPeer } from '../paths.ts'
import { corpus } from '../text.ts'

type Encode = (text: string) => { readonly ids: ArrayLike<number> }
interface Encoder {
  encode: Encode
}

const OURS = { label: 'bert-ner tokenizer', group: 'ours' } as const
const PEER = { label: '@huggingface/tokenizers', group: 'peer' } as const
type Row = typeof OURS | typeof PEER

export async function measureTokenizers(bench: Bench, model: Model) {
  if (!bench.hasTimeFor('the tokenizers')) return
  progress('tokenizers')
  const lines = corpus(bench.settings.quick ? 50_000 : 1_000_000).split('\n')
  const bytes = Buffer.byteLength(lines.join('\n'))
  const place = { section: 'tokenizer', model: model.name, threads: 1, column: 'MB/s' }
  const encoders = new Map<Row, Encode>()
  for (const [row, load] of [
    [OURS, ours],
    [PEER, peer],
  ] as const) {
    if (row === PEER && !bench.settings.peers) continue
    try {
      encoders.set(row, await load(model))
    } catch (error) {
      bench.add(row, { ...place, note: asError(error).message }, null, 'MB/s')
    }
  }
  const [mine, theirs] = [encoders.get(OURS), encoders.get(PEER)]
  if (mine && theirs) {
    const differing = lines.filter(line => String(Array.from(mine(line).ids)) !== String(Array.from(theirs(line).ids)))
    if (differing.length > 0)
      bench.notes.push(`the tokenizers disagree on ${differing.length} of ${lines.length} lines`)
  }
  const results = await interleave(
    [...encoders].map(([key, encode]) => ({
      key,
      run: (repeat: number) => Promise.resolve(encodeAll(lines, encode, repeat)),
    })),
    bench.effort(),
  )
  for (const [row, summary] of results) {
    if (summary instanceof Error) bench.add(row, { ...place, note: summary.message }, null, 'MB/s')
    else bench.add(row, { ...place, samples: summary.samples }, bytes / summary.median / 1000, 'MB/s')
  }
}

function encodeAll(lines: readonly string[], encode: Encode, repeat: number): number[] {
  return Array.from({ length: repeat }, () => {
    const start = performance.now()
    let tokens = 0
    for (const line of lines) tokens += encode(line).ids.length
    if (tokens < lines.length) throw new Error('tokens are missing')
    return performance.now() - start
  })
}

async function ours(model: Model): Promise<Encode> {
  const tokenizer = await Tokenizer.fromFolder(model.folder)
  return text => tokenizer.encode(text)
}

async function peer({ exported, why }: Model): Promise<Encode> {
  if (exported === null) throw new Error(why ?? 'no tokenizer.json')
  const { Tokenizer: PeerTokenizer } = (await importPeer('@huggingface/tokenizers', 'dist/tokenizers.mjs')) as {
    Tokenizer: new (json: unknown, config: unknown) => Encoder
  }
  const read = (name: string): unknown => JSON.parse(readFileSync(join(exported, name), 'utf8'))
  const tokenizer = new PeerTokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
  return text => tokenizer.encode(text)
}

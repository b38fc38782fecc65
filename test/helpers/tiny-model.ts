/** A model folder in memory with a tokenizer: random weights, cased, one piece a letter, so that any text has tokens. */
import { randomModel, type RandomModelOptions } from './random-model.js'

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?;:()"\'-_#&@<>')
export const PIECES = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...LETTERS,
  ...LETTERS.map(letter => `##${letter}`),
  ...['My', 'name', 'is', 'and', 'live', 'in', 'Berlin', 'Wolf', '##gang'],
]
const BIO = ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']

/** `config`: more of tokenizer_config.json. */
export function tinyModel(config: object = {}, options: RandomModelOptions = {}): Record<string, Uint8Array> {
  const text = (content: string) => new TextEncoder().encode(content)
  const shape = { layers: 1, hidden: 16, heads: 2, intermediate: 32, vocab: PIECES.length }
  return {
    ...randomModel({ ...shape, types: 2, labels: BIO, std: 0.3, seed: 27, ...options }),
    'vocab.txt': text(PIECES.map(piece => `${piece}\n`).join('')),
    'tokenizer_config.json': text(JSON.stringify({ do_lower_case: false, ...config })),
  }
}

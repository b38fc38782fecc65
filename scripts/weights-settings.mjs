/**
 * Writes src/default-model-tables.ts: the small files of weights/ as text, and the size of the large one, for `bert-ner/weights`. A
 * bundler would turn a .json of its own into JavaScript or a data: address. The build runs it, so that they stay equal.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'

const TARGET = 'src/default-model-tables.ts'

export function writeWeightsSettings() {
  const small = name => JSON.stringify(JSON.stringify(JSON.parse(readFileSync(`weights/${name}`, 'utf8'))))
  const size = name => String(statSync(`weights/${name}`).size).replace(/\B(?=(\d{3})+$)/g, '_')
  const text = [
    '/** Written by scripts/weights-settings.mjs, from weights/. */',
    '// prettier-ignore',
    `export const CONFIG = ${small('config.json')}`,
    '// prettier-ignore',
    `export const TOKENIZER_CONFIG = ${small('tokenizer_config.json')}`,
    '/** Bytes. */',
    `export const MODEL_SIZE = ${size('model.safetensors')}`,
    '/** Bytes. */',
    `export const VOCAB_SIZE = ${size('vocab.txt')}`,
    '',
  ].join('\n')
  if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== text) writeFileSync(TARGET, text)
}

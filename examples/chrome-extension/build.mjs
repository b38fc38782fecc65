/** Copies the package's one-file build and its model into lib/. Then load this folder at chrome://extensions, in developer mode. */
import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

cpSync(fileURLToPath(import.meta.resolve('bert-ner/inline')), 'lib/bert-ner.js')
for (const file of ['config.json', 'tokenizer_config.json', 'vocab.txt', 'model.safetensors']) {
  cpSync(fileURLToPath(import.meta.resolve(`bert-ner/weights/${file}`)), `lib/weights/${file}`)
}

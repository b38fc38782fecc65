/**
 * Draws the pictures of docs/: a packed batch, one head of attention, a panel, the residual stream.
 *
 *   node scripts/pictures.mjs [FOLDER]    writes them to FOLDER (default: docs), as `npm run docs` does
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drawHead } from './pictures/head.mjs'
import { drawPackedBatch } from './pictures/packed-batch.mjs'
import { drawPanel } from './pictures/panel.mjs'
import { drawStream } from './pictures/stream.mjs'
import { run, sentenceOfReadme } from './walk/run.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @returns {Promise<Record<string, string>>} name of the file → SVG */
export async function draw() {
  const seen = await run(root, sentenceOfReadme(root))
  const [{ start, end }] = seen.entities
  return {
    'packed-batch.svg': drawPackedBatch(seen.ner.tokenizer),
    'attention-head.svg': drawHead(await run(root, seen.text.slice(start, end))),
    'residual-stream.svg': drawStream(seen),
    'panel.svg': drawPanel(),
  }
}

export async function writePictures(folder = join(root, 'docs')) {
  mkdirSync(folder, { recursive: true })
  for (const [name, svg] of Object.entries(await draw())) writeFileSync(join(folder, name), svg)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writePictures(process.argv[2])

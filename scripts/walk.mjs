/**
 * Walks a text through the model in weights/, on plain loops, and shows every number on its way.
 *
 *   npm run docs -- "TEXT" [PIECE]    prints what the page shows, for your text; PIECE is the piece to follow
 *   npm run docs                      writes docs/from-paper-to-code.md anew, between its marks, and its pictures
 *   node scripts/walk.mjs --print     prints the page's blocks, and writes nothing
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint, sourceFromFolder } from '../dist/node.js'
import { writePictures } from './pictures.mjs'
import { blocks, scalesBlock, strategiesBlock } from './walk/blocks.mjs'
import { exercisesBlock } from './walk/exercises.mjs'
import { run, sentenceOfReadme } from './walk/run.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const PAGE = 'docs/from-paper-to-code.md'

/** Texts with words whose pieces disagree. The page shows the one on which the strategies differ most. */
const HARD_WORDS = [
  'I use Kubernetes and QuickTime every day.',
  'They flew to ExxonMobil and HeidelbergCement on Monday.',
  'She works for HeidelbergCement, not for PostgreSQL.',
  'We read about Kwanzaa and DeepMind yesterday.',
  'They flew to ExxonMobil on Monday.',
  'We read about Glasnost yesterday.',
  'Ngozi Okonjo-Iweala chairs the WTO.',
  'She works for QuickTime, not for Glasnost.',
  'I use HeidelbergCement and ThyssenKrupp every day.',
  'I use PostgreSQL and JavaScript at ExxonMobil.',
  'We read about Kilimanjaro and Tagalog yesterday.',
  'They flew to Jägermeister and PayPal on Monday.',
  'Kwanzaa and Esperanto said so, DeepMind and Mahabharata did not.',
  'Kubernetes, Glasnost, PostgreSQL, ExxonMobil, HeidelbergCement and ThyssenKrupp agree.',
  'the QuickTime deal and the UniCredit deal',
]

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(`walk: ${error.message}`)
  process.exitCode = 1
}

async function main([text, piece]) {
  if (text !== undefined && text !== '--print') {
    const seen = await run(root, text, piece)
    print({ ...blocks(seen), strategies: await strategiesBlock(seen.ner, [text]) })
    return
  }
  const seen = await run(root, sentenceOfReadme(root))
  const file = await openCheckpoint(sourceFromFolder(join(root, 'weights')))
  const all = {
    ...blocks(seen),
    strategies: await strategiesBlock(seen.ner, HARD_WORDS),
    exercises: await exercisesBlock(seen),
    scales: await scalesBlock(file),
  }
  await file.close()
  if (text === '--print') print(all)
  else {
    write(all)
    await writePictures()
  }
}

function print(all) {
  for (const [name, text] of Object.entries(all)) console.log(`== ${name} ==\n\n${text}\n`)
}

function write(all) {
  const path = join(root, PAGE)
  let page = readFileSync(path, 'utf8')
  for (const [name, text] of Object.entries(all)) {
    const start = page.indexOf(`<!-- ${name} -->`)
    const end = page.indexOf('<!-- end -->', start)
    if (start < 0 || end < 0) throw new Error(`${PAGE} has no place for ${name}`)
    page = `${page.slice(0, start)}<!-- ${name} -->\n\n\`\`\`text\n${text}\n\`\`\`\n\n${page.slice(end)}`
  }
  writeFileSync(path, page)
}

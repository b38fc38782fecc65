/**
 * A letter to a language model without its names, and the answer with them.
 *
 *     node examples/redact-file.mjs letter.txt
 *     node examples/redact-file.mjs            an example
 *
 * `ask` stands for the model: put the call of your provider in its place.
 */
import { readFile } from 'node:fs/promises'
import { createRedactor, pipeline } from 'bert-ner'

const EXAMPLE = `Dear Tim Cook,
Angela Merkel will be in Berlin on 2024-05-03. Please write to angela@example.org,
or call her at +49 30 1234567.
`

/** The answer of a language model, chunk by chunk, with placeholders as such models write them. */
async function* ask(prompt) {
  const placeholders = [...new Set(prompt.match(/\[[A-Z]+_\d+\]/g))]
  const answer = `I found ${placeholders.length} names: ${placeholders.join(', ')}. In bold: **${placeholders[0] ?? ''}**.\n`
  for (let at = 0; at < answer.length; at += 5) yield answer.slice(at, at + 5)
}

const [path] = process.argv.slice(2)
try {
  const text = path === undefined ? EXAMPLE : await readFile(path, 'utf8')
  const ner = await pipeline('token-classification')
  const redactor = createRedactor(ner, { patterns: ['EMAIL', 'PHONE', 'DATE'] })
  const { text: prompt } = await redactor.redact(text)
  await ner.dispose()
  console.log(`--- what leaves this machine\n${prompt}`)
  console.log('--- the answer, with its names')
  const answer = ReadableStream.from(ask(prompt)).pipeThrough(redactor.restoreStream())
  for await (const chunk of answer) process.stdout.write(chunk)
} catch (error) {
  console.error(`redact-file: ${error.message}`)
  process.exitCode = 1
}

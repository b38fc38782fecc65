// compromise's tags for a CoNLL file, one sentence at a time, in columns `word gold guess` that `bert-ner eval --predictions` scores.
//
//   node compromise-tags.mjs FILE > guesses.txt
//
// It reads the words joined by spaces; a word belongs to a name if the name covers its first character. It knows persons,
// organisations and places, so a file is best scored with --drop MISC. The possessive 's, which CoNLL keeps apart, is left out.
import { readFileSync } from 'node:fs'
import nlp from 'compromise'

const KINDS = [
  ['PER', doc => doc.people()],
  ['ORG', doc => doc.organizations()],
  ['LOC', doc => doc.places()],
]

/** Sentences of [word, tag]; the word is the first column and the tag the last. */
function sentences(text) {
  const blocks = text.split(/\r?\n[ \t]*\r?\n/)
  const rows = block => block.split(/\r?\n/).filter(line => line.trim() && !/^(-DOCSTART-|# )/.test(line))
  const cells = line => line.trim().split(/\s+/)
  return blocks.map(block => rows(block).map(line => [cells(line)[0], cells(line).at(-1)])).filter(s => s.length > 0)
}

/** A tag for each word: B- at the first word of a name, I- at those after it. */
function guess(words) {
  const starts = []
  let at = 0
  for (const word of words) {
    starts.push(at)
    at += word.length + 1
  }
  const tags = words.map(() => 'O')
  const doc = nlp(words.join(' '))
  for (const [type, names] of KINDS) {
    for (const { offset } of names(doc).json({ offset: true })) {
      const end = offset.start + offset.length
      const covered = starts.flatMap((start, k) =>
        start >= offset.start && start < end && !/^'s?$/.test(words[k]) ? [k] : [],
      )
      if (covered.every(k => tags[k] === 'O')) covered.forEach((k, n) => (tags[k] = (n === 0 ? 'B-' : 'I-') + type))
    }
  }
  return tags
}

for (const sentence of sentences(readFileSync(process.argv[2], 'utf8'))) {
  const tags = guess(sentence.map(([word]) => word))
  console.log(sentence.map(([word, gold], k) => `${word} ${gold} ${tags[k]}`).join('\n') + '\n')
}

/** `--json`: everything that is known, in one object. Percentages of conlleval are unrounded; seqeval's are fractions. */
import { cpus } from 'node:os'
import type { TagScores } from '../../eval/evaluate.ts'
import {
  accuracy,
  formatConlleval,
  scores,
  sortedTypes,
  type ConllevalCounts,
  type PhraseCounts,
} from '../../eval/conlleval.ts'
import type { SeqevalReport } from '../../eval/seqeval.ts'
import { packageVersion } from '../version.ts'
import { perSecond } from './figures.ts'
import type { Outcome } from './flags.ts'

export function evaluationJson({ path, file, model, evaluation, timing, flags }: Outcome): unknown {
  const { run, scheme } = evaluation
  return {
    versions: versions(),
    file: {
      path,
      documents: file.documents,
      sentences: file.sentences.length,
      words: file.words,
      columns: file.columns,
      wordColumn: file.wordColumn,
      tagColumn: file.tagColumn,
      comments: file.comments,
      ranges: file.ranges,
      ...scheme,
    },
    model: {
      folder: model.folder,
      hash: model.files['model.safetensors'] ?? null,
      sha256: model.files,
      labels: model.tagger.labels,
      scheme: evaluation.modelScheme,
    },
    options: {
      backend: model.backend,
      device: flags.device ?? null,
      dtype: flags.dtype ?? 'auto',
      threads: flags.threads ?? null,
      wordTag: flags.wordTag,
      decoding: flags.decoding ?? model.tagger.decoding.decoding,
      context: flags.context,
      drop: flags.drop ?? [],
      letterCase: flags.lower === true ? 'lower' : flags.upper === true ? 'upper' : null,
      maxLength: model.tagger.maxLength,
    },
    run: { tokens: run.tokens, windowed: run.windowed, emptyWords: run.emptyWords, notes: evaluation.notes },
    timing: {
      wallMs: timing.wall,
      loadMs: timing.load,
      tokenizerMs: timing.tokenizer,
      modelMs: timing.model,
      harnessMs: timing.harness,
      wordsPerSecond: perSecond(file.words, timing.wall),
      tokensPerSecond: perSecond(run.tokens, timing.wall),
    },
    ...scoresJson(evaluation),
    errors: evaluation.errors.map(({ sentence, errors }) => ({
      sentence,
      line: file.sentences[sentence]?.line,
      words: file.sentences[sentence]?.words,
      gold: evaluation.gold[sentence],
      guess: evaluation.guess[sentence],
      errors,
    })),
  }
}

export function predictionsJson(path: string, scored: TagScores): unknown {
  return { versions: versions(), file: { path }, ...scoresJson(scored), errors: scored.errors }
}

function versions(): unknown {
  return {
    bertNer: packageVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  }
}

function scoresJson({ conlleval, seqeval, confidence, confusion, brokenGuesses }: TagScores) {
  return {
    conlleval: conllevalJson(conlleval),
    seqeval: { default: seqevalJson(seqeval.default), strict: seqeval.strict && seqevalJson(seqeval.strict) },
    confidence,
    confusion,
    brokenGuesses,
  }
}

function conllevalJson(counts: ConllevalCounts) {
  const row = (phrases: Readonly<PhraseCounts>) => ({ ...phrases, ...scores(phrases) })
  return {
    tokens: counts.tokens,
    accuracy: accuracy(counts),
    ...row(counts.total),
    types: Object.fromEntries(sortedTypes(counts.types).map(([type, phrases]) => [type, row(phrases)])),
    report: formatConlleval(counts),
  }
}

function seqevalJson({ types, micro, macro, weighted }: SeqevalReport) {
  return { types: Object.fromEntries(types), micro, macro, weighted }
}

/** `bert-ner eval FILE`: how good a model is on a CoNLL file; with `--predictions`: conlleval on a file of tags. */
import { CONTEXTS, SCHEMES, WORD_TAGS, type EvalFlags } from './flags.ts'
import { DECODINGS } from '../../ner/decoding.ts'
import { between, count, group, modelOptions, natural, upTo } from '../model-options.ts'
import { Option, type Command } from '../vendor/commander.ts'

/** Options without meaning for a file of predictions: no model is run, and sentences are not shown. */
const ONLY_MODELS = [
  ...['model', 'backend', 'device', 'dtype', 'threads', 'maxLength', 'batchTokens', 'scheme', 'modelScheme'],
  ...['wordTag', 'decoding', 'context', 'lower', 'upper', 'errors', 'writePredictions', 'drop'],
]
const ONLY_PREDICTIONS = ['raw', 'delimiter', 'outside'] as const
/** Options that speak of one file. */
const ONLY_SINGLE = ['predictions', 'errors', 'writePredictions', 'expectF1'] as const

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

const EXAMPLES = `
Examples:
  bert-ner eval eng.testa                              the default model on CoNLL-2003's development part
  bert-ner eval --model DIR --errors eng.testa         another model, and each of its mistakes
  bert-ner eval --expect-f1 91.3 --tolerance 0.5 FILE  exit status 1 when the F1 is further off, either way
  bert-ner eval --drop MISC -- a.conll b.conll         several files in one table, without one type
  bert-ner eval --write-predictions out.txt FILE       then: bert-ner eval --predictions out.txt
`

export function register(program: Command): void {
  const command = program
    .command('eval')
    .summary('score a model on a CoNLL file, or a file of predictions')
    .description(
      'Runs a model over a CoNLL file (a word and its tag on each line) and reports precision, recall and F1 as conlleval ' +
        'and seqeval do. With --predictions: scores a file whose last two columns are gold and guess, as conlleval does.',
    )
    .argument('<file...>', 'CoNLL files; - for standard input; of several, one table is printed')
  for (const option of options()) command.addOption(option)
  command.addHelpText('after', EXAMPLES).action(async (paths: string[], flags: EvalFlags) => {
    const alone = flags.predictions === true ? undefined : ONLY_PREDICTIONS.find(name => flags[name] !== undefined)
    if (alone !== undefined) command.error(`error: option '--${alone}' is for --predictions`)
    const single = paths.length === 1 ? undefined : ONLY_SINGLE.find(name => flags[name] !== undefined)
    if (single !== undefined) command.error(`error: option '--${kebab(single)}' is for one file`)
    const { runEval } = await import('./run.ts')
    await runEval(paths, flags)
  })
}

function options(): Option[] {
  return [
    ...group(
      'Model:',
      ...modelOptions(),
      new Option(
        '--max-length <n>',
        'pieces in one sequence at most (default: what the tokenizer and the model say)',
      ).argParser(count),
      new Option('--batch-tokens <n>', 'pieces in one forward pass').argParser(count),
    ),
    ...group(
      'Words and tags:',
      new Option('--scheme <name>', "the file's scheme (default: detected)").choices(SCHEMES),
      new Option('--model-scheme <name>', "what the model's labels mean (default: detected)").choices(SCHEMES),
      new Option('--word-tag <rule>', 'which pieces of a word decide').choices(WORD_TAGS).default('first'),
      new Option('--decoding <how>', 'how words take their labels (default: as the model says)').choices(DECODINGS),
      new Option('--context <what>', 'what a word can see').choices(CONTEXTS).default('sentence'),
      new Option('--drop <type...>', 'leave types out of gold tags and guesses, of all files'),
      new Option('--lower', 'lower-case all words first').conflicts('upper'),
      new Option('--upper', 'upper-case all words first'),
    ),
    ...group(
      'Output:',
      new Option('--json', 'everything, as one JSON object'),
      new Option('--errors', 'also each wrong sentence, gold and guess side by side'),
      new Option('--write-predictions <file>', 'also write word, gold and guess in columns for conlleval'),
      new Option('--expect-f1 <percent>', 'exit status 1 when F1 is further off than the tolerance').argParser(
        between(0, 100),
      ),
      new Option('--tolerance <points>', 'how far F1 may be off').argParser(between(0, 100)).default(0.5),
      new Option('--seed <n>', 'of the confidence intervals').argParser(natural).default(1),
      new Option('--resamples <n>', 'of the confidence intervals, a million at most')
        .argParser(upTo(1e6))
        .default(1000),
    ),
    ...group(
      'Scoring a file of predictions, with the options of conlleval:',
      new Option('--predictions', 'the file has gold and guess as its last two columns: no model is run').conflicts(
        ONLY_MODELS,
      ),
      new Option('-r, --raw', 'tags are types without B- and I-, each word a phrase'),
      new Option('-d, --delimiter <pattern>', 'regular expression between two fields (default: one space)'),
      new Option('-o, --outside <tag>', 'with -r: the tag of words outside of all phrases (default: O)'),
    ),
  ]
}

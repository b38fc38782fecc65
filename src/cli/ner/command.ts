/** `bert-ner TEXT`: entities in a text, in files, or in whatever comes through a pipe. */
import { DECODINGS } from '../../ner/decoding.ts'
import { AGGREGATION_STRATEGIES } from '../../ner/entity.ts'
import { between, count, group, modelOptions, natural } from '../model-options.ts'
import { FORMATS, type NerFlags } from './flags.ts'
import { Option, type Command } from '../vendor/commander.ts'

const EXAMPLES = `
Examples:
  bert-ner "My name is Wolfgang and I live in Berlin"
  bert-ner -f letter.txt --format redacted         the letter, its names replaced by [PER_1] and the like
  bert-ner --lines < headlines.txt                 each line is a text
  curl … | bert-ner --jsonl body | jq .entities    adds the entities of "body" to each object
  bert-ner -f book.txt --format html > book.html   to look at in a browser
  bert-ner -- "-5 degrees in Oslo"                 what comes after -- is text, whatever it begins with
`

export function register(program: Command): void {
  program.argument('[text...]', 'the text; without it, and without -f, or for -: standard input')
  for (const option of options()) program.addOption(option)
  program.addHelpText('after', EXAMPLES).action(async (args: string[], flags: NerFlags) => {
    const words = args.length === 1 && args[0] === '-' ? [] : args
    if (words.length > 0 && flags.file) program.error('error: a text and -f exclude each other')
    if (flags.jsonl !== undefined && (flags.format ?? 'jsonl') !== 'jsonl') {
      program.error("error: what --jsonl reads is printed as JSON lines: leave out '--format'")
    }
    const isJsonl = (flags.format ?? (flags.jsonl === undefined ? 'pretty' : 'jsonl')) === 'jsonl'
    const byLine = flags.lines === true || flags.jsonl !== undefined
    if (flags.onError !== undefined && !byLine) program.error('error: --on-error needs --jsonl or --lines')
    if ((flags.onError === 'record' || flags.fields || flags.resume !== undefined) && !isJsonl) {
      program.error('error: --on-error record, --fields and --resume need --jsonl or --format jsonl')
    }
    if (args.length === 0 && !flags.file && process.stdin.isTTY) {
      program.error('error: no text, and nothing on standard input')
    }
    const { run } = await import('./run.ts')
    await run(words, flags)
  })
}

function options(): Option[] {
  return [
    ...group(
      'Input:',
      new Option('-f, --file <file...>', 'read files, each of them one text; - is standard input'),
      new Option('--lines', 'each line is a text').conflicts('jsonl'),
      new Option('--jsonl <field>', 'each line is a JSON object with a text in this field; entities are added to it'),
      new Option('--max-chars <n>', 'a longer text is an error').argParser(count),
      new Option('--on-error <how>', 'a bad line ends the run, is left out, or is recorded (default: fail)').choices([
        'fail',
        'skip',
        'record',
      ]),
    ),
    ...group('Model:', ...modelOptions('one per core, four at most; one for a short text')),
    ...group(
      'Entities:',
      new Option('--aggregation <strategy>', 'how tokens become entities')
        .choices(AGGREGATION_STRATEGIES)
        .default('first'),
      new Option('--decoding <how>', 'how labels are chosen (default: as the model says)').choices(DECODINGS),
      new Option('--threshold <score>', 'leave out entities that score below it').argParser(between(0, 1)),
      new Option('--stride <tokens>', "overlap of windows over long texts, with transformers' rule").argParser(natural),
      new Option('--special-tokens <how>', 'whether "[SEP]" typed in a text is that token, or just text')
        .choices(['parse', 'literal'])
        .default(undefined, 'parse, but literal with --format redacted'),
    ),
    ...group(
      'Output:',
      new Option('--format <name>', 'how to print (default: pretty; with --jsonl: jsonl)').choices(FORMATS),
      new Option('--fields <names>', 'JSON lines: print these fields only, e.g. id,entities').argParser(text =>
        text.split(','),
      ),
      new Option('--offset-unit <unit>', 'JSON: offsets count code points or UTF-16 units (default: utf16)').choices([
        'codepoint',
        'utf16',
      ]),
      new Option('--resume <file>', 'append JSON lines to this file, and go on where it ends'),
    ),
  ]
}

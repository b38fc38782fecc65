/** `bert-ner redact`: a filter that takes names out of texts and keeps them in a mapping. */
import { STYLE_NAMES, type StyleName } from '../../redact/styles.ts'
import { between, group, modelOptions, type ModelFlags } from '../model-options.ts'
import { InvalidArgumentError, Option, type Command } from '../vendor/commander.ts'

/** The options of `bert-ner redact`: those with a default are always there. */
export interface RedactFlags extends ModelFlags {
  lines?: true
  mapping?: string
  style: StyleName
  keyFile?: string
  only?: string[]
  except?: string[]
  threshold?: number
  patterns?: true
  ignoreCase?: true
}

const EXAMPLES = `
Examples:
  bert-ner redact letter.txt --mapping names.json > safe.txt
  bert-ner restore --mapping names.json < answer.txt
  tail -f app.log | bert-ner redact --lines --patterns --only PER,EMAIL,IP
  bert-ner redact --style hash --key-file secret.bin *.txt
`

export function register(program: Command): void {
  const command = program
    .command('redact')
    .description('replace the names in texts by placeholders that can be put back')
    .argument('[files...]', 'the texts; without them, or for -: standard input')
  for (const option of options()) command.addOption(option)
  command.addHelpText('after', EXAMPLES).action(async (files: string[], flags: RedactFlags) => {
    const isOneWay = flags.style === 'mask' || flags.style === 'hash'
    if (isOneWay && flags.mapping !== undefined) {
      command.error(`error: style ${flags.style} cannot be restored: leave out '--mapping'`)
    }
    if ((flags.style === 'hash') !== (flags.keyFile !== undefined)) {
      command.error("error: '--style hash' and '--key-file' go together")
    }
    if (files.length === 0 && process.stdin.isTTY) command.error('error: no file, and nothing on standard input')
    const { redactFiles } = await import('./redact.ts')
    await redactFiles(files, flags)
  })
}

function options(): Option[] {
  return [
    ...group('Input:', new Option('--lines', 'each line is a text, answered at once')),
    ...group('Model:', ...modelOptions()),
    ...group(
      'Names:',
      new Option('--only <types>', 'replace these types alone, such as PER,LOC').argParser(types).conflicts('except'),
      new Option('--except <types>', 'leave these types').argParser(types),
      new Option('--threshold <score>', 'leave entities that score below it').argParser(between(0, 1)),
      new Option('--patterns', 'replace what has a form, too: EMAIL, URL, IP, CARD, IBAN, PHONE, SSN, MAC, UUID, DATE'),
      new Option('--ignore-case', 'Ada and ADA are one name'),
    ),
    ...group(
      'Output:',
      new Option('--mapping <file>', 'keep the names in this file, for restore; an existing mapping is continued'),
      new Option('--style <name>', 'what stands for a name').choices(STYLE_NAMES).default('label'),
      new Option('--key-file <file>', 'style hash: the file with the key, 16 bytes or more'),
    ),
  ]
}

function types(text: string): string[] {
  const list = text.split(',').map(type => type.trim())
  if (list.includes('')) throw new InvalidArgumentError('Expected types with commas between them, such as PER,LOC.')
  return list
}

/** `bert-ner serve`: the HTTP service. */
import { group, modelOptions, natural, count, upTo, type ModelFlags } from '../model-options.ts'
import { Option, type Command } from '../vendor/commander.ts'

/** The options of `bert-ner serve`: those with a default are always there. */
export interface ServeFlags extends ModelFlags {
  host: string
  port: number
  token?: string
  bodyLimit: number
  queueTokens: number
  batchTokens: number
  deadline: number
  headerTimeout: number
  idleTimeout: number
  maxConnections: number
}

const EXAMPLES = `
Examples:
  bert-ner serve --port 8080
  curl localhost:8080 -H 'Content-Type: application/json' -d '{"inputs": "Angela Merkel lives in Berlin."}'
`

export function register(program: Command): void {
  const command = program.command('serve').description('answer over HTTP, as Hugging Face and Presidio clients ask')
  for (const option of options()) command.addOption(option)
  command.addHelpText('after', EXAMPLES).action(async (flags: ServeFlags) => {
    const { serve } = await import('./run.ts')
    await serve(flags)
  })
}

const HOUR = 3600

function options(): Option[] {
  return [
    ...group(
      'Address:',
      new Option('--host <address>', 'where to listen').default('127.0.0.1'),
      new Option('--port <n>', 'the port; 0 takes a free one').argParser(natural).default(8080),
      new Option('--token <secret>', 'ask every request for it, as Authorization: Bearer').env('BERT_NER_TOKEN'),
    ),
    ...group('Model:', ...modelOptions()),
    ...group(
      'Limits:',
      new Option('--body-limit <bytes>', 'the longest body').argParser(count).default(2_000_000),
      new Option('--queue-tokens <n>', 'tokens that wait, at most').argParser(count).default(65_536),
      new Option('--batch-tokens <n>', 'tokens of one forward pass, at most').argParser(count).default(512),
      new Option('--deadline <seconds>', 'until a request is answered').argParser(upTo(HOUR)).default(30),
      new Option('--header-timeout <seconds>', 'until its headers are there').argParser(upTo(HOUR)).default(10),
      new Option('--idle-timeout <seconds>', 'an unused connection is kept').argParser(upTo(HOUR)).default(60),
      new Option('--max-connections <n>', 'connections at once').argParser(count).default(1024),
    ),
  ]
}

/** `bert-ner restore`: a filter that puts the names of a mapping back. */
import type { Command } from '../vendor/commander.ts'

export interface RestoreFlags {
  mapping: string
  json?: true
}

export function register(program: Command): void {
  const command = program
    .command('restore')
    .description('put names back into texts that hold their placeholders')
    .argument('[files...]', 'the texts; without them, or for -: standard input')
    .requiredOption('--mapping <file>', 'the file that bert-ner redact wrote')
    .option('--json', 'the texts are JSON: names are put into its strings, escaped')
  command.action(async (files: string[], flags: RestoreFlags) => {
    if (files.length === 0 && process.stdin.isTTY) command.error('error: no file, and nothing on standard input')
    const { restoreFiles } = await import('./restore.ts')
    await restoreFiles(files, flags)
  })
}

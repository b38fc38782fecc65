/** The command line's entry: parses arguments, runs one command, turns every failure into one line and an exit status. */
import { commands } from './commands.ts'
import { register as ner } from './ner/command.ts'
import { escapeControls } from '../escape.ts'
import { describeFailure } from './failure.ts'
import { Command, CommanderError } from './vendor/commander.ts'
import { writeNow } from './output.ts'
import { packageVersion } from './version.ts'

/** Exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const program = createProgram(isText(args) ? [ner] : commands)
    checkHelp(program, args)
    await program.parseAsync(args, { from: 'user' })
    // A command that ended without throwing may have failed in its own way (a figure out of tolerance).
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`bert-ner: ${describeFailure(error)}\n`)
    return 1
  }
}

/** After `--` stands a text, even if it begins with the name of a command. */
function isText(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return end >= 0 && createProgram(commands).parseOptions(args.slice(0, end)).operands.length === 0
}

/** The parser would answer `help` of a command that is not there with all of the help and no word on why. */
function checkHelp(program: Command, [first, name]: readonly string[]): void {
  if (first !== 'help' || name === undefined || name.startsWith('-')) return
  if (!program.commands.some(command => command.name() === name)) program.error(`error: unknown command '${name}'`)
}

function createProgram(commands: readonly ((program: Command) => void)[]): Command {
  const program = new Command('bert-ner')
    .description('Named-entity recognition with BERT, on WebAssembly, with nothing native to install.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    // Options of the program come before the name of a command, those after it are the command's: both may have --json.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
  if (commands.length > 1) program.helpCommand('help [command]', 'print the help of a command')
  for (const register of commands) register(program)
  for (const command of [program, ...program.commands]) {
    const path = command === program ? 'bert-ner' : `bert-ner ${command.name()}`
    command.configureOutput({
      writeOut: text => void writeNow(text),
      outputError: (message, write) => {
        write(usageError(message, path))
      },
    })
  }
  return program
}

/** The parser's complaint, of several lines, as one line that ends in what to do. */
function usageError(message: string, path: string): string {
  const said = message.replace('error: ', '').trimEnd().replaceAll('\n', ' ').replace(/\.$/, '')
  // No option has a space in its name: such a one was meant as a text.
  const isText = /^unknown option '[^'\s]+\s/.test(said)
  const next = isText ? `A text that begins with - comes after --` : `Run '${path} --help' for what it takes`
  return `bert-ner: ${escapeControls(said)}. ${next}.\n`
}

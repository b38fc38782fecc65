/**
 * The commands, in the order in which `--help` lists them. Each is a file beside this one that exports
 * `register(program)`: it declares arguments and options, which is cheap, and its action imports the code that does the
 * work, so that no command pays for another. A command without a name of its own (`bert-ner TEXT`) registers its
 * argument, options and action on the program itself.
 */
import { register as convert } from './convert/command.ts'
import { register as evaluate } from './eval/command.ts'
import { register as hub } from './hub/command.ts'
import { register as inspect } from './inspect.ts'
import { register as ner } from './ner/command.ts'
import { register as redact } from './redact/redact-command.ts'
import { register as restore } from './redact/restore-command.ts'
import { register as serve } from './serve/command.ts'
import { register as tokenize } from './tokenize.ts'
import type { Command } from './vendor/commander.ts'

export const commands: readonly ((program: Command) => void)[] = [
  ner,
  redact,
  restore,
  serve,
  evaluate,
  tokenize,
  inspect,
  convert,
  hub,
]

/** `bert-ner convert IN OUT`: the same model in a smaller file, or out of a file that is not safetensors. */
import { STORES, type Store } from '../../convert/plan.ts'
import { Option, type Command } from '../vendor/commander.ts'

export interface ConvertFlags {
  store: Store
  eval?: string
  revision?: string
  cacheDir?: string
  json?: true
}

export function register(program: Command): void {
  program
    .command('convert')
    .description('write a model as safetensors, smaller by default; also reads pytorch_model.bin, without running it')
    .argument('<in>', 'a model folder, or owner/name of the Hugging Face hub')
    .argument('<out>', 'the folder to make')
    .addOption(
      new Option('--store <type>', 'how weights are stored: 8, 16 or 32 bits each').choices(STORES).default('int8'),
    )
    .option('--eval <file>', 'a CoNLL file: F1 before and after; exit status 1 if it falls by more than half a point')
    .option('--revision <name>', 'of a model of the hub: a branch, a tag or a commit (default: main)')
    .option('--cache-dir <folder>', "the hub's cache (default: HF_HUB_CACHE, or Python's)")
    .option('--json', 'print JSON')
    .action(async (from: string, to: string, flags: ConvertFlags) => {
      const { runConvert } = await import('./run.ts')
      await runConvert(from, to, flags)
    })
}

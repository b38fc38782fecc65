/** `bert-ner download NAME`, `bert-ner models`, `bert-ner verify NAME`: models of the Hugging Face hub in their cache. */
import type { HubOptions } from '../../source/hub/options.ts'
import type { Command } from '../vendor/commander.ts'

export interface HubFlags {
  revision?: string
  cacheDir?: string
  force?: true
  json?: true
}

export function register(program: Command): void {
  program
    .command('download')
    .description('fetch a model of the Hugging Face hub into the cache, and print its folder')
    .argument('<name>', 'owner/name, or owner/name@revision')
    .option('--revision <name>', 'a branch, a tag or a commit (default: main)')
    .option('--cache-dir <folder>', "the cache (default: HF_HUB_CACHE, or Python's)")
    .option('--force', 'fetch each file again')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: HubFlags) => {
      const { runDownload } = await import('./run.ts')
      await runDownload(name, flags)
    })
  program
    .command('models')
    .description('list the models in the cache: commit, size, whether verified, last used')
    .option('--cache-dir <folder>', "the cache (default: HF_HUB_CACHE, or Python's)")
    .option('--json', 'print JSON')
    .action(async (flags: HubFlags) => {
      const { runModels } = await import('./run.ts')
      await runModels(flags)
    })
  program
    .command('verify')
    .description('hash the files of a model in the cache again; exit status 1 if one is damaged')
    .argument('<name>', 'owner/name, or owner/name@revision')
    .option('--revision <name>', 'a branch, a tag or a commit (default: main)')
    .option('--cache-dir <folder>', "the cache (default: HF_HUB_CACHE, or Python's)")
    .option('--json', 'print JSON')
    .action(async (name: string, flags: HubFlags) => {
      const { runVerify } = await import('./run.ts')
      await runVerify(name, flags)
    })
}

export function hubOptions({ revision, cacheDir, force }: HubFlags): HubOptions {
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(cacheDir === undefined ? {} : { cache_dir: cacheDir }),
    ...(force === undefined ? {} : { force_download: force }),
  }
}

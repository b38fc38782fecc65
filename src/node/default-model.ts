/** Finds the model that comes with the package. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { OptionError } from '../errors.ts'

/**
 * The folder of the package's own model.
 *
 * @throws OptionError `OPTION_MODEL` in a package that was built without one
 */
export function defaultFolder(): string {
  const folder = fileURLToPath(new URL('../../weights', import.meta.url))
  if (existsSync(folder)) return folder
  throw new OptionError({
    code: 'OPTION_MODEL',
    subject: 'model',
    expected: 'the name of a folder, for there is no default model in this package',
    found: 'none',
    nextStep: 'Name a folder in Hugging Face layout: config.json, tokenizer files, model.safetensors.',
  })
}

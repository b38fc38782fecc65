/**
 * Finds the model that comes with the package. The address of each file is written out: so programs that trace files (Next's
 * standalone server, hosts of functions) take them along, and a bundler sees what it may copy.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OptionError } from '../errors.ts'
import { missingFile, type ModelSource } from '../source/source.ts'
import { codeOf, show } from '../values.ts'
import { openPath } from './folder.ts'

const FILES: ReadonlyMap<string, () => URL> = new Map([
  ['config.json', () => new URL('../../weights/config.json', import.meta.url)],
  ['tokenizer_config.json', () => new URL('../../weights/tokenizer_config.json', import.meta.url)],
  ['vocab.txt', () => new URL('../../weights/vocab.txt', import.meta.url)],
  ['model.safetensors', () => new URL('../../weights/model.safetensors', import.meta.url)],
])

/** The package's own model, file by file. Opening one rejects with OptionError `OPTION_MODEL` if it is not where it should be. */
export function defaultSource(): ModelSource {
  return {
    async open(name) {
      const file = FILES.get(name)
      if (!file) throw missingFile(show(name), [...FILES.keys()].join(', '))
      const path = pathOf(file)
      return openPath(path).catch((cause: unknown) => {
        throw codeOf(cause) === 'SOURCE_FILE_MISSING' ? notThere(path, cause) : cause
      })
    },
  }
}

/**
 * The folder of the package's own model.
 *
 * @throws OptionError `OPTION_MODEL` in a package that was built without one, or a bundle that left it behind
 */
export function defaultFolder(): string {
  for (const file of FILES.values()) {
    const path = pathOf(file)
    if (!existsSync(path)) throw notThere(path)
  }
  return dirname(pathOf(FILES.get('config.json') as () => URL))
}

function pathOf(file: () => URL): string {
  try {
    return fileURLToPath(file())
  } catch (cause) {
    // A bundle in CommonJS does not know its own address.
    throw notThere('nowhere, since this bundle does not know where it lies', cause)
  }
}

function notThere(looked: string, cause?: unknown): OptionError {
  return new OptionError({
    code: 'OPTION_MODEL',
    subject: 'model',
    expected: 'the default model of the package',
    found: `no file at ${looked}`,
    nextStep:
      "In a bundle, mark bert-ner as external, or name a folder that holds a copy of the package's weights/; else name a folder in Hugging Face layout.",
    cause,
  })
}

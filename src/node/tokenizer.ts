/** Node's `Tokenizer`: the one of the core, which also reads a folder. */
import { fileURLToPath } from 'node:url'
import { Tokenizer as CoreTokenizer } from '../tokenizer/tokenizer.ts'
import { tagOf } from '../values.ts'
import { sourceFromFolder } from './folder.ts'

/**
 * Out of a folder in Hugging Face layout: its path, or a `file:` URL of it.
 *
 * @throws TokenizerError if the files are not usable, SourceError if there are none.
 */
function fromFolder(folder: string | URL): Promise<CoreTokenizer> {
  return CoreTokenizer.fromSource(
    sourceFromFolder(tagOf(folder) === 'URL' ? fileURLToPath(folder) : (folder as string)),
  )
}

/** The same class object, so that `instanceof` holds whichever way a tokenizer was made. */
export const Tokenizer = Object.assign(CoreTokenizer, { fromFolder })
export type Tokenizer = CoreTokenizer

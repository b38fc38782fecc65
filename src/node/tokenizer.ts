/** Node's `Tokenizer`: the core's, which also reads a folder. */
import { fileURLToPath } from 'node:url'
import { Tokenizer as CoreTokenizer } from '../tokenizer/from-text.ts'
import { tagOf } from '../values.ts'
import { sourceFromFolder } from './folder.ts'

/**
 * Makes a tokenizer from a folder in Hugging Face layout, given as a path or a `file:` URL.
 *
 * @throws TokenizerError if the files are not usable, SourceError if there are none.
 */
function fromFolder(folder: string | URL): Promise<CoreTokenizer> {
  return CoreTokenizer.fromSource(
    sourceFromFolder(tagOf(folder) === 'URL' ? fileURLToPath(folder) : (folder as string)),
  )
}

/** The same class object as the core's, so `instanceof` works whichever way a tokenizer was made. */
export const Tokenizer = /* @__PURE__ */ Object.assign(CoreTokenizer, { fromFolder })
export type Tokenizer = CoreTokenizer

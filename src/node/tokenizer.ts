/** Node's `Tokenizer`: the one of the core, which also reads a folder. */
import { Tokenizer as CoreTokenizer } from '../tokenizer/tokenizer.ts'
import { sourceFromFolder } from './folder.ts'

/**
 * Out of a folder in Hugging Face layout.
 *
 * @throws TokenizerError where the files are not usable, SourceError where there are none.
 */
function fromFolder(folder: string): Promise<CoreTokenizer> {
  return CoreTokenizer.fromSource(sourceFromFolder(folder))
}

/** The same class object, so that `instanceof` holds whichever way a tokenizer was made. */
export const Tokenizer = Object.assign(CoreTokenizer, { fromFolder })
export type Tokenizer = CoreTokenizer

/**
 * `Tokenizer` with its ways in that need no source. They are no part of the class, so a page that only has the pipeline and the default
 * model loads neither what reads tokenizer.json nor the characters of words.
 */
import type { JsonInput } from '../json/object.ts'
import { readSettings } from './settings.ts'
import { configFromJson } from './tokenizer-json.ts'
import { Tokenizer as CoreTokenizer } from './tokenizer.ts'
import { configFromVocab } from './vocab-text.ts'
import { isWordCharacter } from './word-characters.ts'

/**
 * Makes a tokenizer from the contents of tokenizer.json: its text, its bytes, or the parsed object. Alone, it is read as
 * `tokenizers` reads it. With tokenizer_config.json it is read as `transformers` does: the class that it names (default
 * BertTokenizer), its special and added tokens, `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` override
 * tokenizer.json. `truncation` and `padding` are ignored: nothing is ever cut off here.
 *
 * @throws TokenizerError `TOKENIZER_NOT_JSON`, `TOKENIZER_NOT_UTF8`, `TOKENIZER_VALUE` (missing or of the wrong type),
 *   `TOKENIZER_TOKEN_MISSING` (no [UNK]), `TOKENIZER_UNSUPPORTED` (not BERT's tokenizer).
 */
function fromJson(tokenizerJson: JsonInput, tokenizerConfig?: JsonInput): CoreTokenizer {
  const settings = tokenizerConfig === undefined ? undefined : readSettings({ config: tokenizerConfig })
  return CoreTokenizer.fromConfig(configFromJson(tokenizerJson, settings), isWordCharacter)
}

/**
 * Makes a tokenizer from the contents of vocab.txt, one piece a line. tokenizer_config.json adds `do_lower_case` (default
 * true, as in `transformers`, even for a vocabulary with capitals), `strip_accents`, `tokenize_chinese_chars`, special tokens.
 *
 * @throws TokenizerError as `fromJson`; `TOKENIZER_TOKEN_MISSING` if [UNK], [CLS] or [SEP] is not there.
 */
function fromVocab(vocabText: string | Uint8Array, tokenizerConfig?: JsonInput): CoreTokenizer {
  return CoreTokenizer.fromConfig(
    configFromVocab(vocabText, readSettings({ config: tokenizerConfig })),
    isWordCharacter,
  )
}

/** The same class object as the pipeline's, so `instanceof` works whichever way a tokenizer was made. */
export const Tokenizer = /* @__PURE__ */ Object.assign(CoreTokenizer, { fromJson, fromVocab })
export type Tokenizer = CoreTokenizer

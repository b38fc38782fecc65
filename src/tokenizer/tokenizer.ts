/**
 * The tokenizer: text → the ids that a BERT model was trained on, each with its place in the text. Five steps:
 *
 *     added tokens     "[SEP]" typed in the text is found first         added-tokens.ts
 *     normalizer       "Élan!" → "elan!" (if the model is uncased)       normalizer.ts
 *     pre-tokenizer    "elan!" → elan, !                                 pre-tokenizer.ts
 *     WordPiece        elan → el ##an → 3449 2319                        word-piece.ts
 *     template         [CLS] el ##an ! [SEP]                             template.ts
 *
 * Ids and offsets equal those of Hugging Face's `tokenizers` 0.23.3.
 */
import { checkTextLength } from '../limits.ts'
import { breathe } from '../platform.ts'
import type { ModelSource } from '../source/source.ts'
import { AddedTokenFinder, type AddedToken, type Segment, type WordTest } from './added-tokens.ts'
import { endOfCharacter, type AlignedText } from './aligned-text.ts'
import type { SpecialName, TokenizerConfig } from './config.ts'
import { decodePieces } from './decoder.ts'
import { countCodePoints, EncodingBuilder } from './encoding-builder.ts'
import { CompactBuilder, type CompactEncoding, type PieceSink } from './compact.ts'
import type { Encoding } from './encoding.ts'
import { explain, type Explanation } from './explain.ts'
import { checkIds, checkOption, checkOptions, checkText, checkWords } from './input.ts'
import { BertNormalizer } from './normalizer.ts'
import { preTokenize } from './pre-tokenizer.ts'
import { aroundText, type AroundText } from './template.ts'
import { readTokenizerFiles } from './read-files.ts'
import { readSettings } from './settings.ts'
import { endOfStretch, SHORT } from './stretches.ts'
import { configSteps } from './vocab-text.ts'
import { WORD_CASE_TYPES, wordCase } from './word-case.ts'
import { WordPiece } from './word-piece.ts'

export interface EncodeOptions {
  /** Whether [CLS] and [SEP] are put around the text. Default true. */
  readonly addSpecialTokens?: boolean
  /**
   * How to read a special token typed in the text, such as `"[SEP]"`.
   * `'parse'`: it becomes that token, as in Hugging Face's tokenizers.
   * `'literal'`: it is text like any other, three words. Use this for text from people you do not know. Default `'parse'`,
   * or `'literal'` if tokenizer_config.json has `"split_special_tokens": true`.
   */
  readonly specialTokens?: 'parse' | 'literal'
  /** The unit of offsets: UTF-16 units, as in JavaScript, or code points, as in Python. Default `'utf16'`. */
  readonly offsetUnit?: 'utf16' | 'codepoint'
}

export interface EncodeTextOptions extends EncodeOptions {
  /** A second text, for models of pairs. Its offsets and word ids count from its own start. */
  readonly pair?: string
}

export interface DecodeOptions {
  /** Whether special tokens are left out. Default true. */
  readonly skipSpecialTokens?: boolean
  /** Whether to remove spaces before punctuation. Default: as the model's decoder says. */
  readonly cleanUp?: boolean
}

/** A special token of the model. */
export interface SpecialToken {
  readonly token: string
  readonly id: number
}

/** Everything that the steps before the template need to know. */
interface Steps {
  readonly literal: boolean
  readonly codePoints: boolean
}

/** One text on its way into a list of pieces. */
interface Writing {
  readonly text: string
  readonly literal: boolean
  readonly typeId: number
  readonly into: PieceSink
  /** That of every piece; undefined: words are counted. */
  readonly wordId: number | undefined
  words: number
}

export class Tokenizer {
  /** The special tokens that are put around one text; every window of a long text gets them again. */
  readonly around: AroundText
  readonly #config: TokenizerConfig
  readonly #normalizer: BertNormalizer
  readonly #wordPiece: WordPiece
  readonly #inOriginal: AddedTokenFinder
  readonly #inNormalized: AddedTokenFinder
  readonly #specialContents: ReadonlySet<string>
  /**
   * QUIRK: `decode` gives the normalized spelling of a token that is looked for in the normalized text. "New York" comes
   * back as "new york" if the model is uncased. Under that spelling `decode` fails to recognise a special token and keeps it.
   */
  readonly #decodedAs: ReadonlyMap<number, string>

  private constructor(config: TokenizerConfig, isWordCharacter: WordTest | undefined) {
    this.#config = config
    this.around = aroundText(config.template, config.isWordCase ? 0 : undefined)
    this.#normalizer = new BertNormalizer(config.normalizer)
    // The code that reads the files has checked that the unknown token is a piece.
    this.#wordPiece = new WordPiece(config.pieces, config.pieces.idOf(config.wordPiece.unkToken)!, config.wordPiece)
    this.#inOriginal = new AddedTokenFinder(
      config.addedTokens.filter(token => !token.normalized),
      isWordCharacter,
    )
    const normalized = config.addedTokens.filter(token => token.normalized)
    this.#decodedAs = new Map(
      normalized.map(({ id, content }) => [id, this.#normalizer.normalize(content).toString()] as const),
    )
    this.#inNormalized = new AddedTokenFinder(normalized, isWordCharacter, ({ id }) => this.#decodedAs.get(id) ?? '')
    this.#specialContents = new Set(config.addedTokens.filter(token => token.special).map(token => token.content))
  }

  /**
   * Makes a tokenizer from the files of a model, as AutoTokenizer of `transformers` reads them. It reads tokenizer.json, or
   * vocab.txt if there is none, and tokenizer_config.json. If that is not complete, it also reads special_tokens_map.json,
   * added_tokens.json and config.json.
   *
   * @throws TokenizerError as above; SourceError `SOURCE_FILE_MISSING` if there is neither.
   */
  static async fromSource(source: ModelSource): Promise<Tokenizer> {
    const files = await readTokenizerFiles(source)
    await breathe()
    const settings = readSettings(files)
    if (files.json !== undefined) {
      const { configFromJson } = await import('./tokenizer-json.ts') // the default model has no such file
      return Tokenizer.#fromConfig(configFromJson(files.json, settings))
    }
    const steps = configSteps(files.vocab, settings)
    for (;;) {
      const { done, value } = steps.next()
      await breathe()
      if (done) return Tokenizer.#fromConfig(value)
    }
  }

  static async #fromConfig(config: TokenizerConfig): Promise<Tokenizer> {
    const needsWords = config.addedTokens.some(token => token.singleWord)
    const words = needsWords ? await import('./word-characters.ts') : undefined
    return new Tokenizer(config, words?.isWordCharacter)
  }

  /**
   * Makes a tokenizer of settings that have been read.
   *
   * @internal
   */
  static fromConfig(config: TokenizerConfig, isWordCharacter: WordTest): Tokenizer {
    return new Tokenizer(config, isWordCharacter)
  }

  /**
   * Encodes one text as T pieces.
   *
   * A lone surrogate is not a character. It counts as U+FFFD, which most models drop.
   *
   * @throws TokenizerError `TOKENIZER_INPUT` if the text is not a string; OptionError, `OPTION_TEXT_TOO_LONG` among them.
   */
  encode(text: string, options: EncodeTextOptions = {}): Encoding {
    checkText(text, 'the text')
    const steps = this.#readOptions(options)
    const { pair } = options
    if (pair !== undefined) checkText(pair, 'the pair')
    checkTextLength(text.length + (pair?.length ?? 0), 'encoding')
    return this.#assemble(options, pair !== undefined, (sequence, typeId, into) => {
      this.#encodeText(sequence === 'B' ? (pair ?? '') : text, steps, typeId, into)
    })
  }

  /**
   * Encodes text that is already split into words, as CoNLL files are. `wordIds` count the words given, and offsets count
   * from the start of each word. A word that normalization makes empty gives no piece.
   *
   * @throws TokenizerError `TOKENIZER_INPUT` if the words are not a list of strings; OptionError.
   */
  encodeWords(words: readonly string[], options: EncodeOptions = {}): Encoding {
    checkWords(words)
    const steps = this.#readOptions(options)
    return this.#assemble(options, false, (_, typeId, into) => {
      words.forEach((word, i) => {
        this.#encodeText(word, steps, typeId, into, i)
      })
    })
  }

  /**
   * Like {@link encode}, but without special tokens, in compact form, and a stretch at a time. The work between two yields
   * is short, however long the text is.
   *
   * @throws TokenizerError, OptionError as {@link encode}
   * @internal
   */
  *encodeCompact(
    text: string,
    options: Pick<EncodeOptions, 'specialTokens'> = {},
  ): Generator<undefined, CompactEncoding, undefined> {
    checkText(text, 'the text')
    const into = new CompactBuilder(text.length)
    yield* this.#encodeStretches(text, this.#readOptions(options), into)
    return into
  }

  /** The type id of a text that stands alone. */
  #typeIdOfText(): number {
    const sequence = this.#config.template.single.find(({ kind }) => kind === 'sequence')
    return sequence?.typeId ?? 0
  }

  /**
   * Turns ids into text, as the WordPiece decoder does. Ids that the vocabulary does not have are left out.
   *
   * @throws TokenizerError `TOKENIZER_INPUT` if a value is not a whole number; OptionError.
   */
  decode(ids: ArrayLike<number> | Iterable<number>, options: DecodeOptions = {}): string {
    checkOptions(options, 'skipSpecialTokens', 'cleanUp')
    const { skipSpecialTokens = true, cleanUp } = options
    const pieces: string[] = []
    for (const id of checkIds(ids)) {
      const token = this.#decodedAs.get(id) ?? this.idToToken(id)
      if (token !== undefined && !(skipSpecialTokens && this.#specialContents.has(token))) pieces.push(token)
    }
    const { decoder } = this.#config
    return decodePieces(pieces, decoder && { ...decoder, cleanup: cleanUp ?? decoder.cleanup })
  }

  /** Turns pieces into text, as {@link decode} does. Special tokens are kept, and so are pieces that are in no vocabulary. */
  decodeTokens(tokens: readonly string[]): string {
    checkWords(tokens)
    return decodePieces(tokens, this.#config.decoder)
  }

  /** Shows each step's result, with offsets in the text, for study and debugging. */
  explain(text: string, options: EncodeOptions = {}): Explanation {
    checkText(text, 'the text')
    checkTextLength(text.length, 'explanation')
    const encoding = this.encode(text, options)
    const steps = {
      normalizer: this.#normalizer,
      wordPiece: this.#wordPiece,
      inOriginal: this.#inOriginal,
      inNormalized: this.#inNormalized,
    }
    return explain(text, this.#readOptions(options), steps, encoding)
  }

  /** The longest sequence that the model takes, special tokens included; undefined if the model does not say. */
  get modelMaxLength(): number | undefined {
    return this.#config.modelMaxLength
  }

  /** The prefix of a piece that continues a word: `##`. */
  get continuingSubwordPrefix(): string {
    return this.#config.wordPiece.continuingSubwordPrefix
  }

  /** One more than the highest id: the number of rows of a table indexed by id. */
  get vocabSize(): number {
    return this.#config.vocabulary.length
  }

  /**
   * The first token at or above this id that the vocabulary has, or that a file lists with its id. Tokens that files only
   * name do not count: transformers adds them to any vocabulary.
   *
   * @internal
   */
  firstTokenFrom(id: number): SpecialToken | undefined {
    const { vocabulary } = this.#config
    for (let i = id; i < vocabulary.length; i++) {
      const token = vocabulary.token(i)
      if (token !== undefined && !this.#config.implied.has(token)) return { token, id: i }
    }
    return undefined
  }

  /** The number of type ids that a single text can have, from the template or from letter case. */
  get typeIds(): number {
    if (this.#config.isWordCase) return WORD_CASE_TYPES
    return 1 + Math.max(...this.#config.template.single.map(({ typeId }) => typeId))
  }

  /** Whether type ids are the letter case of words (`"token_type_rule": "word-case"`). */
  get isWordCase(): boolean {
    return this.#config.isWordCase
  }

  /** The special token with this role in the model; undefined if there is none. */
  specialToken(name: SpecialName): SpecialToken | undefined {
    return this.#config.special.get(name)
  }

  get unkToken(): SpecialToken | undefined {
    return this.specialToken('unk')
  }

  get sepToken(): SpecialToken | undefined {
    return this.specialToken('sep')
  }

  get padToken(): SpecialToken | undefined {
    return this.specialToken('pad')
  }

  get clsToken(): SpecialToken | undefined {
    return this.specialToken('cls')
  }

  get maskToken(): SpecialToken | undefined {
    return this.specialToken('mask')
  }

  tokenToId(token: string): number | undefined {
    return typeof (token as unknown) === 'string' ? this.#config.vocabulary.idOf(token) : undefined
  }

  idToToken(id: number): string | undefined {
    return Number.isSafeInteger(id) ? this.#config.vocabulary.token(id) : undefined
  }

  // --- steps ----------------------------------------------------------------------------------------------------------

  /** Follows the template. `encodeSequence` writes the pieces of one of its texts. */
  #assemble(
    { addSpecialTokens = true }: EncodeOptions,
    isPair: boolean,
    encodeSequence: (sequence: 'A' | 'B', typeId: number, into: EncodingBuilder) => void,
  ): Encoding {
    const { template } = this.#config
    const into = new EncodingBuilder()
    for (const part of isPair ? template.pair : template.single) {
      if (part.kind === 'sequence') {
        encodeSequence(part.sequence, part.typeId, into)
      } else if (addSpecialTokens) {
        part.ids.forEach((id, i) => {
          into.addSpecial(id, part.tokens[i] ?? '', this.#config.isWordCase ? 0 : part.typeId)
        })
      }
    }
    return into.build()
  }

  /** Writes the pieces of one text. `wordId`: the same for all of them, or undefined to count the words. */
  #encodeText(text: string, steps: Steps, typeId: number, into: EncodingBuilder, wordId?: number): void {
    const first = into.length
    const writing: Writing = { text, literal: steps.literal, typeId, into, wordId, words: 0 }
    for (const segment of this.#inOriginal.split(text, steps.literal)) {
      if (segment.end - segment.start <= SHORT) {
        this.#encodeSegment(segment, writing)
      } else {
        for (const stretch of this.#stretchesOf(segment, text)) this.#encodeSegment(stretch, writing)
      }
    }
    if (steps.codePoints) countCodePoints(text, into.offsets, first)
  }

  /** {@link #encodeText} a stretch at a time: yields between two, so that a long text need not hold up everything else. */
  *#encodeStretches(text: string, { literal }: Steps, into: PieceSink): Generator<undefined, void, undefined> {
    const writing: Writing = { text, literal, typeId: this.#typeIdOfText(), into, wordId: undefined, words: 0 }
    const segments = this.#inOriginal.segments(text, literal)
    let turn = PIECES_A_TURN
    for (let segment = segments.next(); segment; segment = segments.next()) {
      for (const stretch of this.#stretchesOf(segment, text)) {
        if (into.length > turn) {
          yield
          turn = into.length + PIECES_A_TURN
        }
        this.#encodeSegment(stretch, writing)
        if (stretch.end < segment.end) yield
      }
    }
  }

  /** A segment, cut where nothing depends on the cut. */
  *#stretchesOf(segment: Segment, text: string): Generator<Segment, void, undefined> {
    // A token of the normalized text may go over white space: only the whole of the text shows where it stands.
    if (segment.added !== undefined || !this.#inNormalized.isEmpty) {
      yield segment
      return
    }
    const { handleChineseChars } = this.#normalizer.options
    for (let start = segment.start; start < segment.end;) {
      const end = endOfStretch(text, start, segment.end, handleChineseChars)
      yield { start, end }
      start = end
    }
  }

  /** Writes the pieces of a segment. */
  #encodeSegment({ start, end, added }: Segment, writing: Writing): void {
    if (added !== undefined) {
      this.#addAdded(added, start, end, writing)
      return
    }
    const { text, literal } = writing
    const aligned = this.#normalizer.normalize(text, start, end)
    if (this.#inNormalized.isEmpty) {
      this.#addWords(aligned, 0, aligned.length, writing)
      return
    }
    for (const part of this.#inNormalized.split(aligned.toString(), literal)) {
      if (part.added === undefined) this.#addWords(aligned, part.start, part.end, writing)
      else this.#addAdded(part.added, aligned.sources[part.start]!, endOfUnit(text, aligned, part.end - 1), writing)
    }
  }

  #addAdded({ id, content }: AddedToken, start: number, end: number, writing: Writing): void {
    const type = this.#config.isWordCase ? 0 : writing.typeId
    writing.into.add(id, content, start, end, type, writing.wordId ?? writing.words)
    writing.words++
  }

  #addWords(aligned: AlignedText, from: number, to: number, writing: Writing): void {
    const { text, typeId, into, wordId } = writing
    const bounds = preTokenize(aligned, from, to)
    for (let i = 0; i < bounds.length; i += 2) {
      this.#addWord(text, aligned, bounds[i]!, bounds[i + 1]!, typeId, wordId ?? writing.words, into)
      writing.words++
    }
  }

  /** Writes the pieces of one word, `aligned.units[start..end)`. */
  #addWord(
    text: string,
    aligned: AlignedText,
    start: number,
    end: number,
    typeId: number,
    wordId: number,
    into: PieceSink,
  ): void {
    const { sources, units } = aligned
    const { vocabulary } = this.#config
    const { pieces } = this.#wordPiece
    const count = this.#wordPiece.tokenize(units, start, end)
    const type = this.#config.isWordCase ? wordCase(text, sources[start], endOfUnit(text, aligned, end - 1)) : typeId
    for (let i = 0; i < 3 * count; i += 3) {
      const id = pieces[i]!
      const [first, last] = [sources[pieces[i + 1]!]!, endOfUnit(text, aligned, pieces[i + 2]! - 1)]
      into.add(id, vocabulary.token(id)!, first, last, type, wordId)
    }
  }

  #readOptions(options: EncodeOptions): Steps {
    checkOptions(options, 'addSpecialTokens')
    const { specialTokens = this.#config.isLiteral ? 'literal' : 'parse', offsetUnit = 'utf16' } = options
    checkOption('specialTokens', specialTokens, ['parse', 'literal'])
    checkOption('offsetUnit', offsetUnit, ['utf16', 'codepoint'])
    return { literal: specialTokens === 'literal', codePoints: offsetUnit === 'codepoint' }
  }
}

/** Yields to the caller after this many added tokens in a row. */
const PIECES_A_TURN = 2 ** 14

/** The end, in the original text, of the character that unit `i` came from. */
function endOfUnit(text: string, aligned: AlignedText, i: number): number {
  return endOfCharacter(text, aligned.sources[i]!)
}

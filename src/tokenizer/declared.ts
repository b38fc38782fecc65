/**
 * Reads the tokens that a folder declares beside its vocabulary. Five files can do so, and each can overrule others.
 * The order here is that of transformers 5.23, `PreTrainedTokenizerBase._from_pretrained` and `TokenizersBackend.__init__`:
 *
 *   1  `added_tokens_decoder` of tokenizer_config.json; only without it special_tokens_map.json, added_tokens.json, and the
 *      `added_tokens` of tokenizer.json
 *   2  tokens with a name, such as `unk_token`; also names that one model defines for itself: `image_token`, or an object
 *      under `extra_special_tokens`
 *   3  lists: `extra_special_tokens`, or its older name `additional_special_tokens`
 *
 * A token that the vocabulary lacks gets the next free id. If a file gives an id for it, the two must agree.
 */
import type { JsonObject } from '../json/object.ts'
import { isIndex } from '../json/object.ts'
import { show } from '../values.ts'
import type { AddedToken } from './added-tokens.ts'
import { checkLength, MAX_ID, readAddedToken, SPECIAL_NAMES, type SpecialName, type SpecialNames } from './config.ts'
import { wrongValue } from './errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The files that declare tokens, beside tokenizer.json and vocab.txt. */
export interface DeclaringFiles {
  readonly config: JsonObject
  readonly specialTokensMap?: JsonObject | undefined
  readonly addedTokens?: JsonObject | undefined
}

/** A token and the flags used to look for it. `at` says where it is declared. */
interface Declared extends Omit<AddedToken, 'id'> {
  readonly at: string
  /** The id in the file, if the file gives one. */
  readonly id: number | undefined
  readonly isObject?: true
}

export interface Declarations {
  /** The spellings of special tokens, by their role in the model. */
  readonly names: SpecialNames
  readonly addedTokens: readonly AddedToken[]
  /** Tokens that are there only because a name such as `mask_token` mentions them: the vocabulary was made without them. */
  readonly implied: ReadonlySet<string>
}

/** The roles that every tokenizer of transformers has, in its order. `bos` and `eos` belong to models that generate text. */
const PARTS = ['bos', 'eos', ...SPECIAL_NAMES] as const

/**
 * Reads every declared token. `own`: the `added_tokens` of tokenizer.json. `defaults`: BERT's names for roles that no file names.
 * Without `defaults` the tokenizer is as tokenizer.json defines it: its own tokens, and those that files name.
 */
export function readDeclarations(
  files: DeclaringFiles,
  pieces: Vocabulary,
  own: readonly AddedToken[],
  defaults?: SpecialNames,
): Declarations {
  const reader = new Reader(files)
  const listed = reader.listed(own)
  const named = reader.named(defaults)
  const extra = reader.lists()
  const first = defaults
    ? listed
    : [...own.map(asDeclared), ...listed.filter(token => !own.some(other => isSame(other, token)))]
  const known = new Set(first.map(({ content }) => content))
  const names = new Set([...named.values()].map(({ content }) => content))
  const later = [...named.values(), ...extra].filter(({ content }) => !known.has(content))
  const tokens = [...first, ...later.filter((token, i) => !later.slice(0, i).some(other => isTwin(other, token)))]
  const { added, fresh } = withIds(tokens, names, pieces)
  for (const { content } of first) fresh.delete(content)
  const nameOf = (part: SpecialName): [SpecialName, string][] => {
    const token = named.get(`${part}_token`)
    return token === undefined ? [] : [[part, token.content]]
  }
  return { names: new Map(SPECIAL_NAMES.flatMap(nameOf)), addedTokens: added, implied: fresh }
}

function isSame(a: Omit<AddedToken, 'id'>, b: Omit<AddedToken, 'id'>): boolean {
  return FLAGS.every(flag => a[flag] === b[flag])
}

/** QUIRK: the same token written as a string and as an object counts as two, and the later one wins. */
function isTwin(a: Declared, b: Declared): boolean {
  return isSame(a, b) && a.isObject === b.isObject
}

const FLAGS = ['content', 'special', 'normalized', 'singleWord', 'lstrip', 'rstrip'] as const

function asDeclared(token: AddedToken): Declared & { readonly id: number } {
  return { ...token, at: 'tokenizer.json: added_tokens' }
}

/**
 * Gives each token its id: the vocabulary's, or the next free one. If a token comes twice, its last flags count. A token
 * with a name is special.
 */
function withIds(tokens: readonly Declared[], names: ReadonlySet<string>, pieces: Vocabulary) {
  const added = new Map<string, AddedToken>()
  const fresh = new Set<string>()
  let next = pieces.size
  for (const token of tokens) {
    const { content, at, id: said } = token
    if (content === '') continue
    checkLength(content, at)
    const known = added.get(content)?.id ?? pieces.idOf(content)
    const id = known ?? next++
    if (said !== undefined && said !== id) {
      throw wrongValue(
        at,
        known === undefined ? `${id}, the next id after the vocabulary` : `${id}, as in the vocabulary`,
        said,
      )
    }
    if (known === undefined) {
      const other = pieces.token(id)
      // A piece that is in vocab.txt twice keeps the later id; the earlier one is free.
      if (other !== undefined && pieces.idOf(other) === id) {
        if (at === UNSAID) continue
        throw wrongValue(at, `an id for ${show(content)} that is free`, `${id}, of ${show(other)}`)
      }
      if (id > MAX_ID) throw wrongValue(at, `at most ${MAX_ID + 1} tokens`, id + 1)
      fresh.add(content)
    }
    const { normalized, singleWord, lstrip, rstrip } = token
    const special = token.special || names.has(content)
    added.set(content, { id, content, special, singleWord, lstrip, rstrip, normalized })
  }
  return { added: [...added.values()], fresh }
}

/** Stands for the file in `at` if a name is BERT's default. */
const UNSAID = 'no file'

const PLAIN = { singleWord: false, lstrip: false, rstrip: false }
const SPECIAL = { special: true, normalized: false, ...PLAIN }

/** A value under `extra_special_tokens` or its older name, with the object that contains it. */
interface Extra {
  readonly from: JsonObject
  readonly key: string
  readonly value: unknown
}

/** Reads each key from the file that decides it. */
class Reader {
  readonly #files: DeclaringFiles
  /** special_tokens_map.json is read only if tokenizer_config.json lists no tokens. */
  readonly #map: JsonObject | undefined

  constructor(files: DeclaringFiles) {
    this.#files = files
    this.#map = files.config.get('added_tokens_decoder') === undefined ? files.specialTokensMap : undefined
  }

  /** Tokens that a file lists with their ids, by id. */
  listed(own: readonly AddedToken[]): Declared[] {
    const { config } = this.#files
    const byId = new Map<number, Declared>()
    if (config.get('added_tokens_decoder') !== undefined) {
      const decoder = config.object('added_tokens_decoder')
      for (const [key, value] of decoder.entries()) {
        const entry = decoder.inner(value, show(key))
        const id = /^\d+$/.test(key) ? Number(key) : NaN
        if (!isIndex(id, MAX_ID)) throw wrongValue(entry.path, `an id from 0 to ${MAX_ID}`, key)
        byId.set(id, { ...readAddedToken(entry, id), at: entry.path })
      }
    } else {
      for (const token of [...this.#addedTokensFile(), ...own.map(asDeclared)]) {
        const other = byId.get(token.id)?.content ?? token.content
        if (other !== token.content)
          throw wrongValue(token.at, `${show(other)}, as elsewhere, as ${token.id}`, token.content)
        byId.set(token.id, token)
      }
    }
    return [...byId].sort(([a], [b]) => a - b).map(([, token]) => token)
  }

  /** added_tokens.json: an object of ids by token. It has no flags on how to look for them. */
  #addedTokensFile(): (Declared & { readonly id: number })[] {
    const { addedTokens } = this.#files
    if (addedTokens === undefined) return []
    const { merged } = this.#extras()
    const named = [...this.#parts().values(), ...this.#list(merged)]
    // QUIRK: a token that tokenizer_config.json writes as an object does not count as special yet.
    const special = new Set(named.filter(token => token.special).map(({ content }) => content))
    return addedTokens.entries().map(([content]) => {
      const id = addedTokens.integer(content, MAX_ID)
      const isSpecial = special.has(content)
      return { content, special: isSpecial, normalized: !isSpecial, ...PLAIN, id, at: addedTokens.at(show(content)) }
    })
  }

  /** Tokens with a name, in the order in which they get ids: BERT's roles, then names of the model's own. */
  named(defaults?: SpecialNames): Map<string, Declared> {
    const named = this.#parts(defaults)
    const isOwn = (key: string) => key.endsWith('_token') && !isPart(key)
    for (const [key, value] of this.#map?.entries() ?? []) {
      if (isOwn(key) && (typeof value === 'string' || isObject(value)))
        named.set(key, this.#token(this.#map, key, value))
    }
    const { config } = this.#files
    for (const [key, value] of config.entries()) {
      if (isOwn(key) && isTyped(value) && !named.has(key)) named.set(key, this.#token(config, key, value))
    }
    for (const [key, value] of config.entries()) {
      if (isOwn(key) && typeof value === 'string') named.set(key, this.#token(config, key, value))
    }
    for (const { from, key, value } of this.#extras().objects) {
      const object = from.inner(value, key)
      for (const [name, token] of object.entries()) named.set(name, this.#token(object, name, token))
    }
    return named
  }

  #parts(defaults?: SpecialNames): Map<string, Declared> {
    const named = new Map<string, Declared>()
    for (const part of PARTS) {
      const key = `${part}_token`
      const from = this.#map?.get(key) === undefined ? this.#files.config : this.#map
      const value = from.get(key)
      if (value !== undefined && value !== null) named.set(key, this.#token(from, key, value))
      const content = value === undefined ? defaults?.get(part as SpecialName) : undefined
      if (content !== undefined) named.set(key, { content, ...SPECIAL, id: undefined, at: UNSAID })
    }
    return named
  }

  /** Tokens without a name. They come from `extra_special_tokens`, or from the older key if that is absent or gives names. */
  lists(): Declared[] {
    const { merged } = this.#extras()
    if (merged.length > 0) return this.#list(merged)
    const key = 'additional_special_tokens'
    const from = this.#map?.get(key) === undefined ? this.#files.config : this.#map
    const value = from.get(key)
    return this.#list(isObject(value) ? [] : [{ from, key, value }])
  }

  #list(extras: readonly Extra[]): Declared[] {
    return extras.flatMap(({ from, key, value }) => {
      if (isEmpty(value)) return []
      if (!Array.isArray(value)) throw wrongValue(from.at(key), 'a list or an object of tokens', value)
      return value.map((token: unknown, i) => this.#token(from, `${key}[${i}]`, token))
    })
  }

  /** Both keys' values. `merged`: lists, in the order of the files. `objects`: tokens with names. */
  #extras(): { readonly merged: readonly Extra[]; readonly objects: readonly Extra[] } {
    const { config } = this.#files
    const [extra, additional] = ['extra_special_tokens', 'additional_special_tokens'].map((key): Extra => ({
      from: config,
      key,
      value: config.get(key),
    })) as [Extra, Extra]
    const first = isEmpty(extra.value) && additional.value !== undefined ? additional : extra
    const later: Extra | undefined = this.#map && { from: this.#map, key: extra.key, value: this.#map.get(extra.key) }
    const given = [first, ...(later ? [later] : [])].filter(({ value }) => value !== undefined)
    const lists = given.filter(({ value }) => !isObject(value))
    // An object in special_tokens_map.json replaces the list before it.
    const merged = later && isObject(later.value) ? [] : lists
    return { merged, objects: given.filter(({ value }) => isObject(value)) }
  }

  /** Reads one token: a string, or an object with `content` and flags. */
  #token(from: JsonObject | undefined, key: string, value: unknown): Declared {
    const at = from?.at(key) ?? key
    if (typeof value === 'string') return { content: value, ...SPECIAL, id: undefined, at }
    if (from === undefined || typeof value !== 'object') throw wrongValue(at, 'a token', value)
    const special = from === this.#map ? true : undefined
    return { ...readAddedToken(from.inner(value, key), 0, special), id: undefined, at, isObject: true }
  }
}

/** Whether Python would treat the value as false. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === false || value === 0
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether the value is an added token in the form that older versions write into tokenizer_config.json. */
function isTyped(value: unknown): boolean {
  return isObject(value) && '__type' in value && value.__type === 'AddedToken'
}

function isPart(key: string): boolean {
  return PARTS.some(part => key === `${part}_token`)
}

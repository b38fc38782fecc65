/** The session behind a redactor: its ledger, and the way of a text through it. */
import { labelOf, type Entity, type EntityGroup } from '../ner/entity.ts'
import { wrong, type CallOptions } from '../ner/options.ts'
import { warn } from '../platform.ts'
import { guarded, show, tagOf, UNREADABLE } from '../values.ts'
import { assemble, outside } from './assemble.ts'
import { checkText, checkTexts, DEEPEST, later, oneWay, tooDeep } from './checks.ts'
import { byPlace, claim, type Range } from './claims.ts'
import { findForms, findNames, type OriginFind } from './find.ts'
import { hasher, type Hasher } from './hash.ts'
import { Ledger } from './ledger.ts'
import { checkMapping, notAMapping, type Mapping, type NameRecord } from './mapping.ts'
import { nameKey } from './names.ts'
import {
  checkRestoreOptions,
  checkRunOptions,
  EXPECTED_LABELS,
  type CheckedRedactorOptions,
  type EntitySource,
} from './options.ts'
import { MORE } from './placeholders.ts'
import { Repeats } from './repeats.ts'
import { JsonRestorer } from './restore-json.ts'
import { TextRestorer, type Restorer } from './restore.ts'
import { checkPlaces } from './spans.ts'
import type { Redacted, Redactor, RestoreOptions, RunOptions } from './session-types.ts'
import { View, type Known } from './view.ts'
import { functionStyle, styleOf, type Style } from './styles.ts'

export class Session implements Redactor {
  readonly #ner: EntitySource | null
  readonly #options: CheckedRedactorOptions
  readonly #ledger: Ledger
  readonly #repeats: Repeats
  readonly #style: Style
  readonly #hasher: Hasher | undefined
  /** Name → hash, for the names of the text at hand and those before it. */
  readonly #hashes = new Map<string, string>()
  readonly #warned = new Set<string>()

  constructor(ner: EntitySource | null, options: CheckedRedactorOptions) {
    this.#ner = ner
    this.#options = options
    this.#ledger = new Ledger(EXPECTED_LABELS, options.ignoreCase)
    this.#repeats = new Repeats(options.ignoreCase)
    this.#hasher = options.key === undefined ? undefined : hasher(options.key)
    const { style } = options
    this.#style =
      typeof style === 'function'
        ? functionStyle(style)
        : styleOf(style, this.#ledger, name => this.#hashes.get(this.#keyOf(name)) ?? '')
  }

  async redact(text: string, options: RunOptions = {}): Promise<Redacted> {
    checkText(text)
    const call = this.#callOptions(options)
    const view = this.#viewOf(text)
    const entities = this.#ner === null ? [] : await this.#ner(view.text, call)
    return this.#replace(text, view, entities)
  }

  async *stream(
    texts: Iterable<string> | AsyncIterable<string>,
    options: RunOptions = {},
  ): AsyncGenerator<Redacted, void, undefined> {
    checkTexts(texts)
    const call = this.#callOptions(options)
    if (this.#ner === null) {
      for await (const text of later(texts)) yield await this.redact(text)
      return
    }
    const waiting: { text: string; view: View }[] = []
    for await (const entities of this.#ner.stream(this.#views(texts, waiting), call)) {
      const { text, view } = waiting.shift()!
      yield await this.#replace(text, view, entities)
    }
  }

  /** Views of texts, which are kept until their entities come: as many as the pipeline reads ahead. */
  async *#views(
    texts: Iterable<string> | AsyncIterable<string>,
    waiting: { text: string; view: View }[],
  ): AsyncGenerator<string> {
    for await (const text of later(texts)) {
      checkText(text)
      const view = this.#viewOf(text)
      waiting.push({ text, view })
      yield view.text
    }
  }

  restore<T>(value: T, options: RestoreOptions = {}): T {
    const { json = false } = checkRestoreOptions(options)
    const restorer = this.#restorer(json)
    const restoreAny = (inner: unknown, depth: number): unknown => {
      if (typeof inner === 'string') return restorer.push(inner) + restorer.end()
      if (depth > DEEPEST) throw tooDeep()
      if (Array.isArray(inner)) return inner.map(item => restoreAny(item, depth + 1))
      if (tagOf(inner) !== 'Object') return inner
      const fields = Object.entries(inner as object)
      return Object.fromEntries(fields.map(([key, field]) => [key, restoreAny(field, depth + 1)]))
    }
    return guarded(
      () => restoreAny(value, 0) as T,
      () => wrong('value', 'a text, or lists and objects with texts', UNREADABLE, 'Restore its strings one by one.'),
    )
  }

  restoreStream(options: RestoreOptions = {}): TransformStream<string, string> {
    const { json = false } = checkRestoreOptions(options)
    const restorer = this.#restorer(json)
    const give = (text: string, controller: TransformStreamDefaultController<string>) => {
      if (text !== '') controller.enqueue(text)
    }
    return new TransformStream({
      transform: (chunk, controller) => {
        checkText(chunk)
        give(restorer.push(chunk), controller)
      },
      flush: controller => give(restorer.end(), controller),
    })
  }

  export(): Mapping {
    return this.#ledger.export()
  }

  import(value: unknown): void {
    const mapping = guarded(
      () => checkMapping(value),
      () => notAMapping(UNREADABLE),
    )
    this.#ledger.import(mapping)
    for (const name of mapping.names) this.#repeats.add(name)
  }

  clear(): void {
    this.#ledger.clear()
    this.#repeats.clear()
    this.#hashes.clear()
    this.#warned.clear()
  }

  async #replace(text: string, view: View, entities: readonly Entity[]): Promise<Redacted> {
    checkPlaces(view.text, entities)
    const forms = await findForms(view.text, this.#options)
    const { isWanted } = this.#options
    const groups = entities.map((entity): EntityGroup => ({ ...entity, entity_group: labelOf(entity) }))
    const wanted = groups.filter(({ entity_group }) => isWanted(entity_group))
    for (const { entity_group } of [...wanted, ...forms.map(({ entity }) => entity)])
      this.#ledger.addLabel(entity_group)
    const seen = findNames(view.text, wanted, forms, this.#placeholdersOf(view.text))
    const kept = this.#placeholdersOf(text)
    const found = claim(kept, view.toText(seen))
    const all = this.#options.repeats ? this.#withRepeats(text, found, kept) : found
    if (this.#hasher) await this.#hash(this.#hasher, text, all)
    // From here on nothing waits, so that two texts at once cannot take one number.
    this.#style.see?.(outside(text, [...all, ...kept].sort(byPlace)))
    return assemble(text, all, (find, surface) => this.#nameOf(find, surface, text), this.#style)
  }

  #viewOf(text: string): View {
    const known: Known[] = []
    for (let at = 0; at < text.length;) {
      const found = this.#ledger.read({ text, at, isFinal: true })
      const isOurs = found !== undefined && found !== MORE && 'name' in found
      if (isOurs) known.push({ start: at, end: found.end, name: found.name.name + found.suffix })
      at = isOurs ? found.end : at + 1
    }
    return new View(text, known)
  }

  /** The placeholders in a text: ours, which stay as they are, and the numbers of others, which are not given out. */
  #placeholdersOf(text: string): Range[] {
    const kept: Range[] = []
    for (let at = 0; at < text.length;) {
      const found = this.#ledger.read({ text, at, isFinal: true })
      let end = at + 1
      if (found !== undefined && found !== MORE) {
        const isOurs = 'name' in found
        if (!isOurs) this.#ledger.reserve(found)
        if (isOurs || (found.isExact && this.#ledger.hasLabel(found))) {
          kept.push({ start: at, end: found.end })
          end = found.end
        }
      }
      at = end
    }
    return kept
  }

  /** Adds the other places of all names that are known, those of this text included. */
  #withRepeats(text: string, found: readonly OriginFind[], kept: readonly Range[]): OriginFind[] {
    for (const { entity, start, end, source } of found) {
      const name = text.slice(start, end)
      if (source !== 'pattern' && !this.#ledger.find(entity.entity_group, name))
        this.#repeats.add(recordOf(entity.entity_group, name))
    }
    const repeats = this.#repeats
      .find(text)
      .filter(({ name }) => this.#options.isWanted(name.label))
      .map(({ start, end, name }): OriginFind & { name: NameRecord } => ({
        start,
        end,
        name,
        entity: { entity_group: name.label, score: 1, word: name.name, start, end },
        source: 'repeat',
      }))
    const taken = [...found, ...kept].sort(byPlace)
    // A part of a repeat that is left beside another find is not the name.
    const whole = claim(taken, repeats).filter(({ start, end, entity }) => start === entity.start && end === entity.end)
    return [...found, ...whole].sort(byPlace)
  }

  /** The record of a name; at its first place, its replacement is made. */
  #nameOf({ entity }: OriginFind, surface: string, text: string): NameRecord {
    const label = entity.entity_group
    const known = this.#ledger.find(label, surface)
    if (known) return known
    const number = this.#ledger.nextNumber(label)
    const replacement = this.#style.replace(entity, surface, number, text)
    const name = { label, number, name: surface, replacement }
    this.#ledger.add(name, this.#style.isReversible)
    return name
  }

  async #hash(hash: Hasher, text: string, finds: readonly OriginFind[]): Promise<void> {
    for (const { start, end } of finds) {
      const key = this.#keyOf(text.slice(start, end))
      if (!this.#hashes.has(key)) this.#hashes.set(key, await hash(key))
    }
  }

  #keyOf(name: string): string {
    return nameKey(name, this.#options.ignoreCase)
  }

  #callOptions(options: RunOptions): CallOptions {
    const { signal } = checkRunOptions(options)
    const { threshold } = this.#options
    return { ...CALL, threshold, ...(signal === undefined ? {} : { signal }) }
  }

  #restorer(json: boolean): Restorer {
    if (!this.#style.isReversible) throw oneWay(this.#options.style as string)
    const { onUnknown = (placeholder: string) => this.#warn(placeholder) } = this.#options
    return json ? new JsonRestorer(this.#ledger, onUnknown) : new TextRestorer(this.#ledger, onUnknown)
  }

  #warn(placeholder: string): void {
    if (this.#warned.has(placeholder)) return
    this.#warned.add(placeholder)
    warn(`bert-ner: restore: ${show(placeholder)} stands for no name of this session, and was left as it is.`)
  }
}

/** Whole words, in our offsets, whatever the defaults of the pipeline are. */
const CALL = {
  aggregation_strategy: 'first',
  offsetUnit: 'utf16',
  is_split_into_words: false,
  specialTokens: 'literal', // A text that says [SEP] must not change what the model sees.
} as const

function recordOf(label: string, name: string): NameRecord {
  return { label, number: 0, name, replacement: '' }
}

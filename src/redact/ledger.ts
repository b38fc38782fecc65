/** The memory of a session: its names, their numbers and what stands for them. */
import { RedactError } from '../errors.ts'
import { isAlphanumeric } from './characters.ts'
import { ExactForms } from './exact-forms.ts'
import { FORMAT, VERSION, type Mapping, type NameRecord } from './mapping.ts'
import { labelKey, nameKey, shownLabel } from './names.ts'
import { LONGEST, MORE, placeholder, readForm, type Form, type Place } from './placeholders.ts'

/** A placeholder in a text, and its name. */
export interface Found {
  readonly end: number
  readonly name: NameRecord
  readonly suffix: string
}

export class Ledger {
  readonly #ignoreCase: boolean
  readonly #byName = new Map<string, NameRecord>()
  /** `PER_1` → its name. */
  readonly #byKey = new Map<string, NameRecord>()
  /** Names that nothing brings back; they are never exported. */
  readonly #oneWay = new Set<NameRecord>()
  /** All else that stands for a name: surrogates, and what a function said. */
  #exact = new ExactForms()
  /** Labels that placeholders are known by. A word and a number in brackets are one only with such a label. */
  readonly #labels: Set<string>
  readonly #numbers = new Map<string, number>()
  /** Placeholders that texts had of their own. */
  readonly #reserved = new Set<string>()

  /** `labels`: those that are to be expected. */
  constructor(labels: readonly string[], ignoreCase: boolean) {
    this.#labels = new Set(labels.map(labelKey))
    this.#ignoreCase = ignoreCase
  }

  find(label: string, surface: string): NameRecord | undefined {
    return this.#byName.get(this.#key(label, surface))
  }

  /** The number that the next name of a label will have: none that a placeholder of any text has. */
  nextNumber(label: string): number {
    const key = labelKey(shownLabel(label))
    let number = this.#numbers.get(key) ?? 1
    while (this.#byKey.has(`${key}_${number}`) || this.#reserved.has(`${key}_${number}`)) number++
    this.#numbers.set(key, number)
    return number
  }

  add(name: NameRecord, isReversible: boolean): void {
    if (!isReversible) this.#oneWay.add(name)
    this.#byName.set(this.#key(name.label, name.name), name)
    const label = labelKey(shownLabel(name.label))
    this.#labels.add(label)
    if (isReversible) this.#byKey.set(`${label}_${name.number}`, name)
    else this.#numbers.set(label, name.number + 1)
    if (isReversible && !isPlaceholder(name)) this.#exact.add(name)
  }

  /** Whether nothing stands for another name in this way. */
  isFree(replacement: string): boolean {
    return !this.#exact.has(replacement)
  }

  addLabel(label: string): void {
    this.#labels.add(labelKey(shownLabel(label)))
  }

  /** Keeps the numbers of placeholders that a text has of its own from being given out. */
  reserve(form: Form): void {
    form.keys.forEach((key, i) => {
      if (this.#labels.has(form.labels[i] ?? '') && !this.#byKey.has(key)) this.#reserved.add(key)
    })
  }

  /** The same for all placeholders of a text. */
  reserveAll(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const found = this.read({ text, at, isFinal: true })
      if (found !== undefined && found !== MORE && !('name' in found)) this.reserve(found)
    }
  }

  isReserved(form: Form): boolean {
    return form.keys.some(key => this.#reserved.has(key))
  }

  /** Whether a form is a placeholder of this session or of another one: its label is one of those that are expected. */
  hasLabel(form: Form): boolean {
    return form.labels.some(label => this.#labels.has(label))
  }

  /** The placeholder at a place; a form that stands for none; MORE if the text so far does not tell. */
  read(place: Place): Found | Form | typeof MORE | undefined {
    // Most places of a text are within a word, where nothing begins.
    const { text, at } = place
    if (isAlphanumeric(text.charCodeAt(at)) && isAlphanumeric(text.charCodeAt(at - 1))) return undefined
    const exact = this.#exact.read(place)
    if (exact !== undefined) return exact
    const form = readForm(place)
    if (form === undefined || form === MORE) return form
    for (const key of form.keys) {
      const name = this.#byKey.get(key)
      if (name && (form.bare === undefined || form.bare === `${shownLabel(name.label)}_${name.number}`)) {
        return { end: form.end, name, suffix: form.suffix }
      }
    }
    return form
  }

  get names(): IterableIterator<NameRecord> {
    return this.#byName.values()
  }

  export(): Mapping {
    const names = Array.from(this.#byName.values())
      .filter(name => !this.#oneWay.has(name))
      .map(name => ({ ...name }))
    return { format: FORMAT, version: VERSION, names, reserved: [...this.#reserved] }
  }

  /**
   * Takes up the names of a mapping.
   *
   * @throws RedactError `REDACT_MAPPING_CONFLICT` if a placeholder already stands for another name; nothing is taken up then
   */
  import({ names, reserved }: Mapping): void {
    const taken = new Map(this.#byKey)
    for (const name of names) {
      const key = `${labelKey(shownLabel(name.label))}_${name.number}`
      const known = taken.get(key)
      if (known && known.name !== name.name) throw conflict(name.label, name.number)
      taken.set(key, name)
    }
    for (const name of names) this.add({ ...name }, true)
    for (const key of reserved) if (!this.#byKey.has(key)) this.#reserved.add(key)
  }

  clear(): void {
    this.#byName.clear()
    this.#byKey.clear()
    this.#numbers.clear()
    this.#reserved.clear()
    this.#oneWay.clear()
    this.#exact = new ExactForms()
  }

  #key(label: string, surface: string): string {
    return `${labelKey(shownLabel(label))}\0${nameKey(surface, this.#ignoreCase)}`
  }
}

/** Whether a name is written as `[PER_1]`, and so is read back in any form of it. */
function isPlaceholder({ label, number, replacement }: NameRecord): boolean {
  return replacement === placeholder(shownLabel(label), number) && replacement.length < LONGEST
}

function conflict(label: string, number: number): RedactError {
  return new RedactError({
    code: 'REDACT_MAPPING_CONFLICT',
    subject: `mapping, ${placeholder(label, number)}`,
    expected: 'the name that this session has for it',
    found: 'another one',
    nextStep: 'Import a mapping before the first text, or into a redactor of its own.',
  })
}

/** What the page holds: the text, the model, what was found, and the choices that people make. All signals are here. */
import { computed, signal } from '@preact/signals'
import type { EntityGroup } from 'bert-ner'
import type { LoadedModel } from './model.ts'

export type View = 'try' | 'decided'
export const view = signal<View>(location.hash === '#how' ? 'decided' : 'try')

export const text = signal('')

/** A name found, with its place in the whole text. */
export interface Found {
  readonly type: string
  readonly score: number
  readonly start: number
  readonly end: number
}
export const found = signal<readonly Found[]>([])

/** The state of the model: loading (0 … 1, or undefined while nothing is known), there, or failed. */
export type ModelState =
  | { readonly is: 'loading'; readonly progress: number | undefined; readonly name: string }
  | { readonly is: 'ready'; readonly model: LoadedModel }
  | { readonly is: 'failed'; readonly error: unknown }
export const model = signal<ModelState>({ is: 'loading', progress: undefined, name: 'the default model' })

/** The state of reading: at work on a share of the text, done after so many milliseconds, or failed. */
export type ReadingState =
  | { readonly is: 'idle' }
  | { readonly is: 'reading'; readonly share: number }
  | { readonly is: 'done'; readonly milliseconds: number; readonly tokens: number }
  | { readonly is: 'failed'; readonly error: unknown }
export const reading = signal<ReadingState>({ is: 'idle' })

export const threshold = signal(0)
export const hiddenTypes = signal<ReadonlySet<string>>(new Set())

/** Entities that the threshold lets through, of all types. */
export const certain = computed(() => found.value.filter(entity => entity.score >= threshold.value))
export const shown = computed(() => certain.value.filter(entity => !hiddenTypes.value.has(entity.type)))

/** Types with the numbers of entities, those that everyone has first, then by name. */
export const types = computed(() => {
  const counts = new Map<string, number>()
  for (const { type } of found.value) counts.set(type, 0)
  for (const { type } of certain.value) counts.set(type, (counts.get(type) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
})

const USUAL = ['PER', 'ORG', 'LOC', 'MISC']
const rank = (type: string) => (USUAL.includes(type) ? USUAL.indexOf(type) : USUAL.length)

/** The colour of a type, 0 … 7: fixed for those that everyone has, from the letters for others. */
export function colourOf(type: string): number {
  const at = USUAL.indexOf(type)
  if (at >= 0) return at
  let sum = 0
  for (const letter of type) sum = (sum * 31 + letter.codePointAt(0)!) % 997
  return 4 + (sum % 4)
}

/** The entities as the pipeline gives them, with offsets in the whole text. */
export function asGroups(entities: readonly Found[], whole: string): EntityGroup[] {
  return entities.map(({ type, score, start, end }) => ({
    entity_group: type,
    score,
    word: whole.slice(start, end),
    start,
    end,
  }))
}

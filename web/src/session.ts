/** What happens when: loading a model, reading after each change of the text, changing the engine. */
import { batch, signal } from '@preact/signals'
import { loadModel, type Choice, type LoadedModel, type ModelFiles } from './model.ts'
import { moved, Reader } from './reader.ts'
import { found, model, reading, text } from './state.ts'
import { SAMPLES } from './try/samples.ts'

/** A text longer than this is cut: browsers lay out a text area in one piece. UTF-16 units. */
export const LONGEST = 1_000_000

export const choice = signal<Choice>({ engine: 'simd', dtype: 'auto', threads: 0, decoding: 'default' })
export const cut = signal(false)

let files: ModelFiles | undefined
let reader: Reader | undefined
let loading = new AbortController()

export async function start(): Promise<void> {
  if (text.value === '') setText(SAMPLES[0]![1])
  await controlled()
  choice.subscribe(wanted => void load(wanted))
}

export function setText(next: string): void {
  const kept = next.slice(0, LONGEST)
  batch(() => {
    cut.value = kept.length < next.length
    found.value = moved(found.value, text.value, kept)
    text.value = kept
  })
  readSoon()
}

/** Takes the files of another model, or the default one again. */
export function useModel(given: ModelFiles | undefined): void {
  files = given
  void load(choice.value)
}

/** Gives the service worker a moment to take control: then the model is kept while it is fetched. */
async function controlled(): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return
  const workers = navigator.serviceWorker
  const registered = workers.register('./sw.js', { scope: './' }).then(
    () => true,
    () => false, // Opened from a place that allows none: the page works, and is not kept.
  )
  if (workers.controller) return
  const taken = new Promise(resolve => workers.addEventListener('controllerchange', resolve, { once: true }))
  const refused = registered.then(is => (is ? taken : undefined))
  await Promise.race([taken, refused, new Promise(resolve => setTimeout(resolve, 1000))])
}

/** Has the service worker keep what it did not see on its way: however late it took control, the next visit needs no network. */
function keep(): void {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return
  void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage('keep'))
}

async function load(wanted: Choice): Promise<void> {
  loading.abort()
  loading = new AbortController()
  const { signal: stopped } = loading
  const before = model.value
  stopReading()
  reading.value = { is: 'idle' }
  reader = undefined
  const name = files?.name ?? 'the default model'
  model.value = { is: 'loading', progress: undefined, name }
  let loaded: LoadedModel
  try {
    if (before.is === 'ready') await before.model.dispose()
    loaded = await loadModel(files, wanted, progress => {
      if (!stopped.aborted) model.value = { is: 'loading', progress, name }
    })
  } catch (error) {
    if (!stopped.aborted) model.value = { is: 'failed', error }
    return
  }
  if (stopped.aborted) return void loaded.dispose()
  reader = new Reader(loaded)
  model.value = { is: 'ready', model: loaded }
  keep()
  readSoon()
}

let run = new AbortController()
let soon: ReturnType<typeof setTimeout> | undefined

function stopReading(): void {
  clearTimeout(soon)
  run.abort()
}

/** Reads the text once the typing pauses. A reading that is no longer wanted is stopped at once. */
function readSoon(): void {
  stopReading()
  soon = setTimeout(() => void readNow(), 40)
}

async function readNow(): Promise<void> {
  const mine = reader
  if (!mine) return
  run = new AbortController()
  const { signal } = run
  reading.value = { is: 'reading', share: 0 }
  try {
    const {
      found: names,
      milliseconds,
      tokens,
    } = await mine.read(text.value, signal, (some, share) => {
      batch(() => {
        found.value = some
        reading.value = { is: 'reading', share }
      })
    })
    if (signal.aborted) return
    batch(() => {
      found.value = names
      reading.value = { is: 'done', milliseconds, tokens }
    })
  } catch (error) {
    if (!signal.aborted) reading.value = { is: 'failed', error }
  }
}

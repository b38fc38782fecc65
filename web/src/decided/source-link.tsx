/** A link to the file that computes a step: its source opens beside, as it stands in the package. */
import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { messageOf } from '../messages.ts'

const SOURCES = import.meta.glob<string>(
  [
    '../../../src/tokenizer/{normalizer,pre-tokenizer,word-piece,word-case,explain}.ts',
    '../../../src/layers/{bert,trace,token-classifier}.ts',
    '../../../src/kernels/naive/{attention,layer-norm,linear,naive}.ts',
    '../../../src/ner/{aggregate,decoding,softmax,entities}.ts',
  ],
  { query: '?raw', import: 'default' },
)

const open = signal<{ readonly path: string; readonly code: string } | undefined>(undefined)

export function SourceLink({ path }: { readonly path: string }) {
  const load = SOURCES[`../../../${path}`]
  if (!load) throw new Error(`The page has no source ${path}.`)
  return (
    <button
      type="button"
      class="source"
      onClick={() => {
        load().then(
          code => (open.value = { path, code }),
          (error: unknown) => (open.value = { path, code: messageOf(error) }),
        )
      }}
    >
      {path}
    </button>
  )
}

export function SourceDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const shown = open.value
  useEffect(() => {
    if (shown) dialog.current?.showModal()
  }, [shown])
  return (
    <dialog ref={dialog} aria-labelledby="source-path" onClose={() => (open.value = undefined)}>
      {shown && (
        <>
          <form method="dialog">
            <h2 id="source-path">{shown.path}</h2>
            <button>Close</button>
          </form>
          <pre tabIndex={0}>
            <code>{shown.code}</code>
          </pre>
        </>
      )}
    </dialog>
  )
}

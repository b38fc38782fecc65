/** The pieces of the text as a row of buttons: the one that is pressed is followed through all steps. */
import { followed, type Walk } from './walk.ts'

export function Pieces({ walk }: { readonly walk: Walk }) {
  const last = walk.pieces.length - 1
  const go = (to: number, list: HTMLElement) => {
    followed.value = Math.max(0, Math.min(last, to))
    list.querySelectorAll('button')[followed.value]?.focus()
  }
  return (
    <div
      class="pieces"
      role="toolbar"
      aria-label="Piece to follow"
      dir="auto"
      onKeyDown={event => {
        const to = { ArrowRight: followed.value + 1, ArrowLeft: followed.value - 1, Home: 0, End: last }[event.key]
        if (to === undefined) return
        event.preventDefault()
        go(to, event.currentTarget)
      }}
    >
      {walk.pieces.map((piece, t) => (
        <button
          key={t}
          type="button"
          aria-pressed={followed.value === t}
          tabIndex={followed.value === t ? 0 : -1}
          onClick={() => (followed.value = t)}
        >
          {piece.token}
        </button>
      ))}
    </div>
  )
}

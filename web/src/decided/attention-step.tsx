/** Attention of one head: lines between the pieces, and the matrix of weights, query by key. */
import { signal } from '@preact/signals'
import { scaleSequential } from 'd3-scale'
import { useEffect } from 'preact/hooks'
import { messageOf } from '../messages.ts'
import { Step } from './step.tsx'
import { followed, head, layer, type Walk } from './walk.ts'

/** Weights [T, T] of the head that is shown. */
const weights = signal<Float32Array | undefined>(undefined)
const failed = signal('')
/** The key under the pointer or the cursor. */
const key = signal(0)

const ROW = 22
const CELL = 18
/** The width of a letter of the labels. */
const LETTER = 7.3
const opacity = scaleSequential((x: number) => Math.sqrt(x)).domain([0, 1])

export function AttentionStep({ walk }: { readonly walk: Walk }) {
  const [l, h] = [layer.value, head.value]
  useEffect(() => {
    let isWanted = true
    walk.attention(l, h).then(
      values => {
        if (isWanted) weights.value = values
      },
      (error: unknown) => (failed.value = messageOf(error)),
    )
    return () => {
      isWanted = false
    }
  }, [walk, l, h])
  const T = walk.pieces.length
  const P = weights.value?.length === T * T ? weights.value : undefined
  const [query, at] = [followed.value, Math.min(key.value, T - 1)]
  return (
    <Step
      id="attention-step"
      title="3. Tokens look at each other"
      sources={['src/kernels/naive/attention.ts', 'src/layers/trace.ts']}
    >
      <p>
        In each head a token gives away weights that add up to 1. Choose a layer and a head; the piece that is followed
        is the query.
      </p>
      <div class="switches">
        <Picker label="Layer" value={l} count={walk.layers} onPick={n => (layer.value = n)} />
        <Picker label="Head" value={h} count={walk.heads} onPick={n => (head.value = n)} />
      </div>
      {failed.value && <p class="error">{failed.value}</p>}
      {P && (
        <div class="attention">
          <Lines walk={walk} P={P} />
          <div
            class="matrix scroll"
            role="application"
            aria-roledescription="matrix of attention"
            aria-label={`Attention in layer ${l}, head ${h}: rows are queries, columns are keys. Arrow keys move.`}
            aria-describedby="attention-value"
            tabIndex={0}
            onKeyDown={event => {
              const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
              if (!move) return
              event.preventDefault()
              followed.value = Math.max(0, Math.min(T - 1, query + move[0]!))
              key.value = Math.max(0, Math.min(T - 1, at + move[1]!))
            }}
          >
            <Matrix walk={walk} P={P} chosen={[query, at]} />
          </div>
          <p id="attention-value" aria-live="polite">
            {walk.pieces[query]!.token} gives {P[query * T + at]!.toFixed(4)} to {walk.pieces[at]!.token}.
          </p>
          <details>
            <summary>The row of {walk.pieces[query]!.token} as numbers</summary>
            <ol class="row" dir="auto">
              {walk.pieces.map(({ token }, k) => (
                <li key={k}>
                  {token} <span>{P[query * T + k]!.toFixed(2)}</span>
                </li>
              ))}
            </ol>
          </details>
        </div>
      )}
    </Step>
  )
}

/** The weights [T, T] as shades: a row for each query, a column for each key, with their pieces beside and above. */
function Matrix(props: {
  readonly walk: Walk
  readonly P: Float32Array
  readonly chosen: readonly [query: number, key: number]
}) {
  const { P } = props
  const { pieces } = props.walk
  const T = pieces.length
  const [query, at] = props.chosen
  const margin = Math.min(140, 10 + LETTER * Math.max(...pieces.map(({ token }) => token.length)))
  const middle = (t: number) => margin + t * CELL + CELL / 2
  return (
    <svg width={margin + CELL * T + 2} height={margin + CELL * T + 2} aria-hidden="true">
      {pieces.map(({ token }, t) => (
        <g key={t}>
          <text x={margin - 6} y={middle(t)} text-anchor="end" class={t === query ? 'chosen' : undefined}>
            {token}
          </text>
          <text transform={`translate(${middle(t)} ${margin - 6}) rotate(-90)`} class={t === at ? 'chosen' : undefined}>
            {token}
          </text>
        </g>
      ))}
      {pieces.map((_, q) =>
        pieces.map((__, k) => (
          <rect
            key={`${q} ${k}`}
            x={margin + k * CELL}
            y={margin + q * CELL}
            width={CELL - 1}
            height={CELL - 1}
            class={q === query && k === at ? 'cell chosen' : 'cell'}
            fill-opacity={opacity(P[q * T + k]!)}
            onPointerEnter={() => {
              followed.value = q
              key.value = k
            }}
          />
        )),
      )}
    </svg>
  )
}

/** Lines from the query to each key, as strong as its weight. */
function Lines({ walk, P }: { readonly walk: Walk; readonly P: Float32Array }) {
  const T = walk.pieces.length
  const query = followed.value
  const y = (t: number) => ROW * t + ROW / 2
  return (
    <svg
      class="lines"
      viewBox={`0 0 320 ${ROW * T}`}
      role="img"
      aria-label={`${walk.pieces[query]!.token} looks most at ${mostLookedAt(walk, P, query)}`}
    >
      {walk.pieces.map((_, k) => (
        <line
          key={k}
          x1={112}
          y1={y(query)}
          x2={208}
          y2={y(k)}
          stroke-width={1 + 5 * P[query * T + k]!}
          stroke-opacity={opacity(P[query * T + k]!)}
        />
      ))}
      {walk.pieces.map(({ token }, t) => (
        <g key={t}>
          <text
            x={106}
            y={y(t)}
            text-anchor="end"
            class={t === query ? 'chosen' : undefined}
            onClick={() => (followed.value = t)}
          >
            {token}
          </text>
          <text x={214} y={y(t)} fill-opacity={0.55 + 0.45 * opacity(P[query * T + t]!)}>
            {token}
          </text>
        </g>
      ))}
    </svg>
  )
}

function mostLookedAt({ pieces }: Walk, P: Float32Array, query: number): string {
  const T = pieces.length
  const order = pieces.map((_, k) => k).sort((a, b) => P[query * T + b]! - P[query * T + a]!)
  return order
    .slice(0, 3)
    .map(k => `${pieces[k]!.token} (${P[query * T + k]!.toFixed(2)})`)
    .join(', ')
}

function Picker(props: {
  readonly label: string
  readonly value: number
  readonly count: number
  readonly onPick: (n: number) => void
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select value={props.value} onChange={event => props.onPick(Number(event.currentTarget.value))}>
        {Array.from({ length: props.count }, (_, n) => (
          <option key={n} value={n}>
            {n}
          </option>
        ))}
      </select>
    </label>
  )
}

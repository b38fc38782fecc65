/** How a label forms through the layers, the probabilities of every piece, and what strategies and decodings make of them. */
import { scaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import type { EntityGroup } from 'bert-ner'
import { colourOf } from '../state.ts'
import { Step } from './step.tsx'
import { followed, rowOf, softmax, type Walk } from './walk.ts'

const [WIDTH, HEIGHT, MARGIN] = [520, 220, 44]

export function LensStep({ walk }: { readonly walk: Walk }) {
  const t = followed.value
  const rows = walk.layerLogits.map(logits => softmax(rowOf(logits, t, walk.labels.length)))
  const last = rows.at(-1)!
  const best = last.indexOf(Math.max(...last))
  const x = scaleLinear([0, rows.length - 1], [MARGIN, WIDTH - 90])
  const y = scaleLinear([0, 1], [HEIGHT - 24, 10])
  const path = line<number>()
    .x((_, l) => x(l))
    .y(p => y(p))
  const name = (l: number) => (l === 0 ? 'embedding' : `layer ${l - 1}`)
  return (
    <Step
      id="lens-step"
      title="4. How a label forms"
      sources={['src/layers/trace.ts', 'src/layers/token-classifier.ts']}
    >
      <p>
        The classifier can be applied to the vector after any layer. It was trained on the last one alone, so the first
        are a hint. The bold line is {walk.labels[best]}; the thin ones are the other labels.
      </p>
      <div class="sides">
        <svg
          class="lens"
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          role="img"
          aria-label={`Probability of ${walk.labels[best]!} for ${walk.pieces[t]!.token}: ${rows.map((row, l) => `${name(l)} ${row[best]!.toFixed(2)}`).join(', ')}`}
        >
          {[0, 0.5, 1].map(p => (
            <g key={p}>
              <line class="grid" x1={MARGIN} x2={WIDTH - 90} y1={y(p)} y2={y(p)} />
              <text x={MARGIN - 6} y={y(p)} text-anchor="end">
                {p}
              </text>
            </g>
          ))}
          {walk.labels.map((label, c) => (
            <path
              key={label}
              class={`curve colour-${colourOf(label.slice(2) || 'none')}${c === best ? ' best' : ''}`}
              d={path(rows.map(row => row[c]!)) ?? ''}
            />
          ))}
          <text x={WIDTH - 84} y={y(last[best]!)} class="chosen">
            {walk.labels[best]}
          </text>
          {rows.map((_, l) => (
            <text key={l} x={x(l)} y={HEIGHT - 6} text-anchor="middle">
              {l === 0 ? 'emb.' : l - 1}
            </text>
          ))}
        </svg>
        <div class="scroll" tabIndex={0} role="region" aria-label="Best labels by layer">
          <table class="numbers" id="lens">
            <caption>{walk.pieces[t]!.token}</caption>
            <thead>
              <tr>
                <th scope="col">after</th>
                <th scope="col">best label</th>
                <th scope="col">its probability</th>
                <th scope="col">{walk.labels[best]}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, l) => {
                const most = row.indexOf(Math.max(...row))
                return (
                  <tr key={l}>
                    <th scope="row">{name(l)}</th>
                    <td>{walk.labels[most]}</td>
                    <td>{row[most]!.toFixed(4)}</td>
                    <td>{row[best]!.toFixed(4)}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      </div>
    </Step>
  )
}

export function HeatStep({ walk }: { readonly walk: Walk }) {
  const logits = walk.layerLogits.at(-1)!
  const rows = walk.pieces.map((_, t) => softmax(rowOf(logits, t, walk.labels.length)))
  return (
    <Step id="heat-step" title="5. Logits → probabilities" sources={['src/ner/softmax.ts']}>
      <p>Every piece has a probability for each label; a row adds up to 1.</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Probabilities of labels by piece">
        <table class="heat">
          <thead>
            <tr>
              <th scope="col">piece</th>
              {walk.labels.map(label => (
                <th scope="col" key={label}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, t) => (
              <tr key={t} class={t === followed.value ? 'followed' : undefined}>
                <th scope="row">{walk.pieces[t]!.token}</th>
                {row.map((p, c) => (
                  <td key={c}>
                    <span class="heat-fill" style={{ opacity: p }} />
                    <span class={p > 0.5 ? 'heat-text strong' : 'heat-text'}>{p.toFixed(2)}</span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Step>
  )
}

export function EntitiesStep({ walk }: { readonly walk: Walk }) {
  return (
    <Step
      id="entities-step"
      title="6. Labels → entities"
      sources={['src/ner/aggregate.ts', 'src/ner/decoding.ts', 'src/ner/entities.ts']}
    >
      <p>
        Neighbouring pieces of one type become an entity. The strategies differ where the pieces of a word do not agree;
        the rows that differ from <code>first</code> are marked.
      </p>
      <Comparison of={walk.strategies} beside="first" text={walk.text} label="Strategies" />
      <p>
        <code>argmax</code> takes each word&apos;s likeliest label; <code>constrained</code> takes the likeliest
        sequence that the scheme allows.
      </p>
      <Comparison of={walk.decodings} beside="constrained" text={walk.text} label="Decodings" />
    </Step>
  )
}

function Comparison(props: {
  readonly of: ReadonlyMap<string, readonly EntityGroup[]>
  readonly beside: string
  readonly text: string
  readonly label: string
}) {
  const key = (entities: readonly EntityGroup[]) => entities.map(e => `${e.entity_group} ${e.start} ${e.end}`).join()
  const usual = key(props.of.get(props.beside) ?? [])
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table class="numbers comparison">
        <tbody>
          {[...props.of].map(([name, entities]) => (
            <tr key={name} class={key(entities) === usual ? undefined : 'differs'}>
              <th scope="row">
                <code>{name}</code>
                {key(entities) !== usual && ' differs'}
              </th>
              <td dir="auto">
                {entities.map(({ entity_group: type, start, end, score }) => (
                  <span key={start} class={`tag colour-${colourOf(type)}`}>
                    {props.text.slice(start, end)} {type} {score.toFixed(4)}
                  </span>
                ))}
                {entities.length === 0 && 'nothing'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Ids → vectors: the three rows that are added for the followed piece, and the vector's way through the layers. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Step } from './step.tsx'
import { tablesOf, type Tables } from './tables.ts'
import { followed, normOf, rowOf, type Walk } from './walk.ts'

const tables = signal<Tables | undefined>(undefined)
const failed = signal('')

export function VectorStep({ walk }: { readonly walk: Walk }) {
  const t = followed.value
  const piece = walk.pieces[t]!
  useEffect(() => {
    if (tables.value) return
    tablesOf().then(
      given => (tables.value = given),
      () => (failed.value = 'The tables could not be read.'),
    )
  }, [])
  const known = tables.value
  const parts: (readonly [string, Float32Array])[] = []
  if (known) {
    const word = known.word(piece.id)
    const type = known.tokenType(piece.typeId)
    const position = known.position(t)
    parts.push([`word[${piece.id}]`, word], [`tokenType[${piece.typeId}]`, type], [`position[${t}]`, position])
    parts.push(['sum', word.map((x, i) => x + type[i]! + position[i]!)])
  }
  parts.push(['LayerNorm(sum)', rowOf(walk.hiddenStates[0]!, t, walk.width)])
  for (let l = 1; l < walk.hiddenStates.length; l++) {
    parts.push([`after layer ${l - 1}`, rowOf(walk.hiddenStates[l]!, t, walk.width)])
  }
  return (
    <Step
      id="vector-step"
      title="2. Ids → vectors, and through the layers"
      sources={['src/layers/bert.ts', 'src/kernels/naive/naive.ts']}
    >
      <p>
        Three tables are looked up, three vectors added, and the sum is normalised; then every layer works on it in
        turn. The first four of {walk.width} numbers, and the length of the whole:
      </p>
      {!known && <p class="quiet">{failed.value || 'Reading the tables …'}</p>}
      <div class="scroll" tabIndex={0} role="region" aria-label={`Vectors of ${piece.token}`}>
        <table class="numbers" id="vectors">
          <caption>{piece.token}</caption>
          <thead>
            <tr>
              <th scope="col">vector</th>
              {[0, 1, 2, 3].map(i => (
                <th scope="col" key={i}>
                  [{i}]
                </th>
              ))}
              <th scope="col">norm</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(([name, values]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {[0, 1, 2, 3].map(i => (
                  <td key={i}>{values[i]!.toFixed(4)}</td>
                ))}
                <td>{normOf(values).toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Step>
  )
}

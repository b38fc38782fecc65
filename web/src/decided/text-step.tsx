/** Characters → words → pieces: what the tokenizer makes of the text, and where each piece stands in it. */
import { followed, type Walk } from './walk.ts'
import { Step } from './step.tsx'

export function TextStep({ walk }: { readonly walk: Walk }) {
  const { segments } = walk.explanation
  return (
    <Step
      id="text-step"
      title="1. Text → words → pieces"
      sources={['src/tokenizer/normalizer.ts', 'src/tokenizer/pre-tokenizer.ts', 'src/tokenizer/word-piece.ts']}
    >
      <div class="sides">
        <dl class="stages">
          <dt>Your text</dt>
          <dd dir="auto">{walk.text}</dd>
          <dt>Cleaned: control characters gone, plain spaces</dt>
          <dd dir="auto">{segments.map(s => s.cleaned.text).join('')}</dd>
          <dt>Normalized: as this model&apos;s vocabulary wants it</dt>
          <dd dir="auto">{segments.map(s => s.normalized.text).join('')}</dd>
          <dt>Words, and the longest pieces that the vocabulary has</dt>
          <dd>
            <ol class="words" dir="auto">
              {segments
                .flatMap(s => s.words)
                .map((word, k) => (
                  <li key={k}>
                    <span class="word">{word.source}</span>
                    <span class="parts">{word.pieces.map(p => p.token).join(' ')}</span>
                  </li>
                ))}
            </ol>
          </dd>
        </dl>
        <div class="scroll" tabIndex={0} role="region" aria-label="Pieces with ids and offsets">
          <table class="numbers">
            <thead>
              <tr>
                <th scope="col">t</th>
                <th scope="col">piece</th>
                <th scope="col">id</th>
                <th scope="col">type</th>
                <th scope="col">offsets</th>
                <th scope="col">in the text</th>
              </tr>
            </thead>
            <tbody>
              {walk.pieces.map(({ token, id, typeId, offsets: [start, end] }, t) => (
                <tr key={t} class={t === followed.value ? 'followed' : undefined}>
                  <td>{t}</td>
                  <th scope="row">{token}</th>
                  <td>{id}</td>
                  <td>{typeId}</td>
                  <td>{end > start ? `${start}–${end}` : ''}</td>
                  <td dir="auto">{walk.text.slice(start, end)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </Step>
  )
}

/** The names that were found: filter by type, threshold, a table, and copies of it. */
import { signal } from '@preact/signals'
import { render } from 'bert-ner'
import { asGroups, certain, colourOf, found, hiddenTypes, shown, text, threshold, types } from '../state.ts'
import { selectInText } from './editor.tsx'

const FIRST = 50
const all = signal(false)
const BINS = 20

export function NameList() {
  return (
    <>
      <fieldset class="types">
        <legend class="unseen">Types that are shown</legend>
        {types.value.map(([type, count]) => (
          <label key={type} class={`chip colour-${colourOf(type)}`}>
            <input
              type="checkbox"
              checked={!hiddenTypes.value.has(type)}
              onChange={event => {
                const next = new Set(hiddenTypes.value)
                if (event.currentTarget.checked) next.delete(type)
                else next.add(type)
                hiddenTypes.value = next
              }}
            />
            {type} <span class="count">{count}</span>
          </label>
        ))}
        {types.value.length === 0 && <span class="quiet">none yet</span>}
      </fieldset>
      <Threshold />
      <div class="tools">
        <CopyButton label="Copy as JSON" make={() => JSON.stringify(asGroups(shown.value, text.value), null, 2)} />
        <CopyButton label="Copy as HTML" make={() => render(text.value, asGroups(shown.value, text.value))} />
      </div>
      <Table />
    </>
  )
}

function Threshold() {
  const bins = new Array<number>(BINS).fill(0)
  for (const { score } of found.value) bins[Math.min(BINS - 1, Math.floor(score * BINS))]! += 1
  const most = Math.max(1, ...bins)
  const kept = certain.value.length
  return (
    <div class="threshold">
      <label for="threshold">
        Least score <output for="threshold">{threshold.value.toFixed(2)}</output>
      </label>
      <svg viewBox={`0 0 ${BINS} 10`} preserveAspectRatio="none" aria-hidden="true">
        {bins.map((count, bin) => (
          <rect
            key={bin}
            x={bin + 0.08}
            width={0.84}
            y={10 - (9 * count) / most}
            height={(9 * count) / most}
            class={(bin + 1) / BINS <= threshold.value ? 'out' : 'in'}
          />
        ))}
      </svg>
      <input
        id="threshold"
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={threshold.value}
        aria-describedby="threshold-effect"
        onInput={event => (threshold.value = event.currentTarget.valueAsNumber)}
      />
      <p id="threshold-effect" class="quiet">
        {kept} of {found.value.length} stay{kept < found.value.length ? `, ${found.value.length - kept} fall away` : ''}
      </p>
    </div>
  )
}

function Table() {
  const rows = all.value ? shown.value : shown.value.slice(0, FIRST)
  if (shown.value.length === 0) {
    const why = found.value.length > 0 ? 'No name passes the filters above.' : 'Names appear here as the text is read.'
    return <p class="table quiet nothing">{why}</p>
  }
  return (
    <div class="table" tabIndex={0} role="region" aria-label="List of names">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">Score</th>
            <th scope="col">Offsets</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ type, score, start, end }, row) => (
            <tr key={row}>
              <td>
                <button type="button" class="name" dir="auto" onClick={() => selectInText(start, end)}>
                  {text.value.slice(start, end)}
                </button>
              </td>
              <td>
                <span class={`tag colour-${colourOf(type)}`}>{type}</span>
              </td>
              <td>{score.toFixed(3)}</td>
              <td>
                {start}–{end}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < shown.value.length && (
        <button type="button" onClick={() => (all.value = true)}>
          Show all {shown.value.length.toLocaleString('en')}
        </button>
      )}
    </div>
  )
}

const copied = signal('')

export function CopyButton({ label, make }: { readonly label: string; readonly make: () => string }) {
  return (
    <button
      type="button"
      onClick={() => {
        navigator.clipboard.writeText(make()).then(
          () => (copied.value = label),
          () => (copied.value = `${label} failed`),
        )
        setTimeout(() => (copied.value = ''), 2000)
      }}
    >
      <span aria-live="polite">
        {copied.value === label ? 'Copied' : copied.value === `${label} failed` ? 'The browser refused' : label}
      </span>
    </button>
  )
}

/** One step: its number, what happens, the file that does it, and the picture. */
import type { ComponentChildren } from 'preact'
import { SourceLink } from './source-link.tsx'

export function Step(props: {
  readonly id: string
  readonly title: string
  readonly sources: readonly string[]
  readonly children: ComponentChildren
}) {
  return (
    <section class="step" id={props.id} aria-labelledby={`${props.id}-heading`}>
      <h2 id={`${props.id}-heading`}>{props.title}</h2>
      <p class="computed quiet">
        Computed by{' '}
        {props.sources.map((path, k) => (
          <span key={path}>
            {k > 0 && ', '}
            <SourceLink path={path} />
          </span>
        ))}
      </p>
      {props.children}
    </section>
  )
}

/** The first view: a text with its names marked, the list of names, and the text without them. */
import { Editor } from './editor.tsx'
import { NameList } from './name-list.tsx'
import { RedactPanel } from './redact-panel.tsx'
import { Status } from './status.tsx'

export function TryView() {
  return (
    <div class="try">
      <section class="write" aria-labelledby="write-heading">
        <h2 id="write-heading">Your text</h2>
        <Editor />
        <Status />
      </section>
      <section class="names" aria-labelledby="names-heading">
        <h2 id="names-heading">Names</h2>
        <NameList />
      </section>
      <section class="redact" aria-labelledby="redact-heading">
        <h2 id="redact-heading">Without names, and back</h2>
        <RedactPanel />
      </section>
    </div>
  )
}

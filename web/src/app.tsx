/** The frame: title, the two views as tabs, and the line that says where the text goes. */
import { lazy, Suspense } from 'preact/compat'
import { useEffect } from 'preact/hooks'
import { takeDrops } from './files.ts'
import { view, type View } from './state.ts'
import { TryView } from './try/try-view.tsx'
import { ModelBar } from './try/model-bar.tsx'

const Decided = lazy(() => import('./decided/decided-view.tsx'))

const TABS: readonly (readonly [View, string, string])[] = [
  ['try', 'Try it', '#try'],
  ['decided', 'How it decided', '#how'],
]

export function App() {
  useEffect(() => {
    const follow = () => (view.value = location.hash === '#how' ? 'decided' : 'try')
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  useEffect(takeDrops, [])
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <h1>
          <img src="./icon.svg" alt="" width="32" height="32" /> bert-ner
        </h1>
        <nav aria-label="Views">
          {TABS.map(([name, label, hash]) => (
            <a key={name} href={hash} aria-current={view.value === name ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <p class="private">
          Nothing leaves this tab: the model runs here, and the page may connect to no other place (its{' '}
          <a href="https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP" rel="noreferrer">
            Content-Security-Policy
          </a>{' '}
          forbids it).
        </p>
      </header>
      <main id="main" tabIndex={-1}>
        {view.value === 'try' ? (
          <>
            <ModelBar />
            <TryView />
          </>
        ) : (
          <Suspense fallback={<p class="decided quiet">Loading the view …</p>}>
            <Decided />
          </Suspense>
        )}
      </main>
      <footer>
        <p>
          BERT from scratch in TypeScript and WebAssembly, MIT. Its source is made to be read: each step of{' '}
          <a href="#how">how it decided</a> opens the file that computes it.
        </p>
      </footer>
    </>
  )
}

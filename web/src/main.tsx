/** Starts the page: draws it at once, then fetches the model. */
import { render } from 'preact'
import { App } from './app.tsx'
import { start } from './session.ts'

render(<App />, document.getElementById('app')!)
void start()

/** A site without a build. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { app, fresh, shop, write } from './workshop.mjs'

const bertNer = join(shop, 'node_modules/bert-ner')

/** A folder with the package as it is, at /bert-ner/, and one page for each way to load it. */
export function site(name) {
  const folder = fresh(name)
  cpSync(bertNer, join(folder, 'bert-ner'), { recursive: true })
  cpSync(join(app, 'measure.js'), join(folder, 'measure.js'))
  cpSync(join(app, 'service-worker.js'), join(folder, 'service-worker.js'))
  const page = (name, script, before = '') =>
    write(folder, {
      [`${name}.html`]: `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${before}<script type="module" src="${name}.js"></script>`,
      [`${name}.js`]: script,
    })
  page(
    'modules',
    `import { pipeline } from './bert-ner/dist/index.js'
     import { defaultModel } from './bert-ner/dist/weights.js'
     import { measure } from './measure.js'
     globalThis.measured = measure(pipeline, defaultModel())`,
  )
  page(
    'loading',
    `import { pipeline } from './bert-ner/dist/index.js'
     import { defaultModel } from './bert-ner/dist/weights.js'
     let longest = 0
     const note = list => { for (const { duration } of list.getEntries()) longest = Math.max(longest, duration) }
     const observer = new PerformanceObserver(note)
     observer.observe({ type: 'longtask' })
     globalThis.measured = pipeline('token-classification', defaultModel()).then(async () => {
       await new Promise(resolve => setTimeout(resolve, 200)) // entries come later
       note({ getEntries: () => observer.takeRecords() })
       return { longest }
     })`,
  )
  page(
    'inline',
    `import { pipeline, sourceFromUrl } from './bert-ner/dist/inline.js'
     import { measure } from './measure.js'
     globalThis.measured = measure(pipeline, sourceFromUrl('./bert-ner/weights/'))`,
  )
  page(
    'iife',
    `import { measure } from './measure.js'
     globalThis.measured = measure(bertNer.pipeline, bertNer.sourceFromUrl('./bert-ner/weights/'))`,
    '<script src="bert-ner/dist/inline.iife.js"></script>',
  )
  page(
    'service',
    `globalThis.measured = navigator.serviceWorker.register('./service-worker.js', { type: 'module' }).then(async () => {
       const { active } = await navigator.serviceWorker.ready
       const { port1, port2 } = new MessageChannel()
       active.postMessage('measure', [port2])
       const { data } = await new Promise(resolve => (port1.onmessage = resolve))
       if (data.error) throw new Error(data.error)
       return data
     })`,
  )
  return folder
}

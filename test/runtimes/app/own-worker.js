/** A page with a worker of its own, which imports the package. */
const worker = new Worker(new URL('./in-own-worker.js', import.meta.url), { type: 'module' })
globalThis.measured = new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data))
  worker.onerror = event => reject(new Error(`worker: ${event.message}`))
})

/** Fetches a model in a process of its own: `node fetch-process.mjs NAME CACHE`, HF_ENDPOINT in the environment. */
import { locateModel } from '../../../dist/node/hub/model.js'

const [name, cache_dir] = process.argv.slice(2)
try {
  const { folder, hub } = await locateModel(name, { cache_dir, note: () => undefined })
  process.stdout.write(JSON.stringify({ folder, fetched: [...hub.fetched] }))
} catch (error) {
  process.stdout.write(JSON.stringify({ code: error.code, message: error.message }))
}

/** The action of `bert-ner serve`: listens at once, loads the model, answers, and stops when it is told to. */
import { pipeline } from '../../node/pipeline.ts'
import { createHandler } from '../../serve/handler.ts'
import { modelFolder } from '../hub/locate.ts'
import { backendOptions } from '../model-options.ts'
import { collectDefaultMetrics, pino, Registry } from '../vendor/http.ts'
import type { ServeFlags } from './command.ts'
import { listen } from './listen.ts'
import { weightsHash } from './weights-hash.ts'

export async function serve(flags: ServeFlags): Promise<void> {
  const log = pino({ base: null })
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const folder = await modelFolder(flags.model)
  const model = { name: flags.model ?? 'default', sha256: await weightsHash(folder), dtype: flags.dtype ?? 'auto' }
  const loading = load(folder, flags)
  const { token, bodyLimit, queueTokens, batchTokens, deadline } = flags
  const handler = createHandler(loading, {
    ...{ bodyLimit, queueTokens, batchTokens, deadline, model },
    ...(token === undefined ? {} : { token }),
    client: (_, connection) => addressOf(connection),
    log: entry => log[entry.status >= 500 ? 'error' : 'info'](entry, 'request'),
    metrics: () => registry.metrics(),
  })
  const server = await listen(handler, flags)
  log.info({ url: server.url }, 'listening')
  const stopped = new Promise<void>(resolve => {
    const stop = (signal: NodeJS.Signals) => {
      for (const name of SIGNALS) process.off(name, stop).once(name, () => process.exit(1))
      log.info({ signal }, 'stopping')
      const tooLong = setTimeout(() => server.cut(), (deadline + GRACE) * 1000)
      void handler
        .drain()
        .then(() => server.close())
        .then(() => {
          clearTimeout(tooLong)
          resolve()
        })
    }
    for (const name of SIGNALS) process.once(name, stop)
  })
  // A model that cannot be loaded ends the process; whoever started it sees why.
  const failed = loading.then(
    () => {
      log.info(model, 'ready')
      return stopped
    },
    (error: unknown) => {
      void server.close()
      server.cut()
      throw error
    },
  )
  await Promise.race([failed, stopped])
  log.info('stopped')
  log.flush()
  process.exit(0) // The threads of the model would keep it alive.
}

/** Loads the model, and runs it once, so that the first request finds it compiled. */
async function load(folder: string, flags: ServeFlags) {
  const ner = await pipeline('token-classification', folder, backendOptions(flags))
  await ner('Angela Merkel met Tim Cook in Berlin.')
  return ner
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** Seconds beyond the deadline, after which connections that are left are cut. */
const GRACE = 5

function addressOf(connection: unknown): string | undefined {
  return (connection as { incoming?: { socket?: { remoteAddress?: string } } }).incoming?.socket?.remoteAddress
}

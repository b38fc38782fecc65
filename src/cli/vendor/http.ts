/** Node's HTTP server in front of a handler of Requests, a logger, and the metrics of a process. Bundled at build. */
export { createAdaptorServer } from '@hono/node-server'
export { pino } from 'pino'
export { collectDefaultMetrics, Registry } from 'prom-client'

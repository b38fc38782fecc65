/** `bert-ner/serve`: the pipeline over HTTP, as a function from a Request to a Response. */
export { BertNerError, ServeError } from './errors.ts'
export { createHandler, type Handler, type ServedPipeline } from './serve/handler.ts'
export type { LogEntry, ServeOptions } from './serve/options.ts'

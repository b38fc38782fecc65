/** Node's entry: the public API, and the parts that need a file system. */
export * from './index.ts'
export { sourceFromFolder } from './node/folder.ts'
export { pipeline, type NodeModelInput } from './node/pipeline.ts'
export { Tokenizer } from './node/tokenizer.ts'

/**
 * The entry for Cloudflare's Workers, by the condition `workerd` of package.json: without names of the hub. A worker has 128 MB and
 * keeps no files, and its bundle is one script, which would hold the code for them.
 */
export * from './index.ts'
export { pipeline } from './ner/pipeline.ts'

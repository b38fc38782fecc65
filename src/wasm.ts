/** The type of `bert-ner/simd.wasm` and its sisters, where a bundler or a runtime gives the compiled module. */
declare const module: WebAssembly.Module
export default module

/** bert-ner: named-entity recognition with BERT, from scratch. This file is the whole public API. */
export * from './errors.ts'
export { sourceFromBytes, type ModelFile, type ModelSource } from './source/source.ts'
export { sourceFromUrl, type FetchOptions, type UrlOptions } from './source/fetched.ts'
export type { HubOptions } from './source/hub/options.ts'
export type { Encoding } from './tokenizer/encoding.ts'
export { decodeBF16, decodeF16 } from './safetensors/half.ts'
export type { DTypeArrays, TensorDType } from './safetensors/dtypes.ts'
export { openCheckpoint } from './safetensors/checkpoint.ts'
export type { TensorInfo } from './safetensors/header.ts'
export {
  openSafetensors,
  readSafetensors,
  type OpenSafetensors,
  type SafeTensor,
  type Safetensors,
} from './safetensors/reader.ts'
export { writeSafetensors } from './safetensors/writer.ts'
export { BertForTokenClassification, type ForwardOptions, type ForwardResult } from './layers/token-classifier.ts'
export type { Trace } from './layers/trace.ts'
export { packBatch, type Sequence } from './layers/batch.ts'
export type { BertConfig } from './layers/config.ts'
export type { Backend, BackendOptions, DType, RunningDType } from './kernels/options.ts'
export type { Kernels, PackedBatch } from './kernels/kernels.ts'
export type {
  ExplainedPiece,
  ExplainedSegment,
  ExplainedWord,
  Explanation,
  Offsets,
  StepText,
} from './tokenizer/explain.ts'
export { Tokenizer } from './tokenizer/from-text.ts'
export type { DecodeOptions, EncodeOptions, EncodeTextOptions, SpecialToken } from './tokenizer/tokenizer.ts'
export { pipeline, type ModelInput } from './ner/named.ts'
export type { NerPipeline } from './ner/pipeline.ts'
export type { CallOptions, OffsetUnit, PipelineOptions, ProgressEvent, Task } from './ner/options.ts'
export type { AggregationStrategy, Entity, EntityGroup, EntityOf, LabelScore, TokenEntity } from './ner/entity.ts'
export * from './redact.ts'
export { render, type RenderFormat, type RenderOptions } from './redact/render.ts'

/** What a process that holds one engine can do. */
import type { Engine } from '../engines.ts'

export interface Sequence {
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
}

export interface LoadOptions {
  readonly engine: Engine
  /** A model folder; for peers with the exports of export.py in onnx/. */
  readonly folder: string
  readonly threads: number
}

export interface Host {
  /** Stages of loading in milliseconds, where the engine can tell them apart. */
  readonly stages: Readonly<Record<string, number>>
  /** One forward pass over a batch. The function that it gives fetches the logits of the real tokens, [T, L], untimed. */
  forward?(batch: readonly Sequence[]): Promise<() => ArrayLike<number>>
  /** Text in, entities out, for all texts in one call. Gives the number of entities. */
  extract?(texts: readonly string[]): Promise<number>
  /** FLOP and milliseconds per call of each kernel. */
  kernels?(tokens: number): Promise<readonly KernelTime[]>
}

export interface KernelTime {
  readonly name: string
  /** Calls per forward pass. */
  readonly calls: number
  readonly flop: number
  readonly ms: number
}

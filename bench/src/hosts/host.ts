/** The operations of a process that runs one engine. */
import type { Engine } from '../engines.ts'

export interface Sequence {
  readonly ids: readonly number[]
  readonly typeIds: readonly number[]
}

export interface LoadOptions {
  readonly engine: Engine
  /** A model folder. For peers, it has the exports of export.py in onnx/. */
  readonly folder: string
  readonly threads: number
}

export interface Host {
  /** Stages of loading in milliseconds, if the engine can tell them apart. */
  readonly stages: Readonly<Record<string, number>>
  /** Runs one forward pass over a batch. The function that it returns fetches the logits of the real tokens, [T, L], untimed. */
  forward?(batch: readonly Sequence[]): Promise<() => ArrayLike<number>>
  /** Finds the entities of all texts in one call. Returns the number of entities. */
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
  /** Whether it is a step of the row above, and no part of the sum. */
  readonly isPart?: true
}

/** The errors of the SIMD backend. */
import { BackendError } from '../../errors.ts'

const subject = 'backend simd'
const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

/** A program ended in a trap, in the caller's thread. */
export function crashed(cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_CRASHED',
    subject,
    expected: 'a forward pass that ends',
    found: messageOf(cause),
    nextStep: "This is a bug: please report it with the model's config.json. Meanwhile, use backend: 'tfjs'.",
    cause,
  })
}

/** A thread ended that had been computing: its part of the work is lost, and what is in memory cannot be trusted. */
export function workerDied(cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_WORKER_DIED',
    subject,
    expected: 'threads that live as long as their model',
    found: `one that ended: ${messageOf(cause)}`,
    nextStep: 'Load the model again; `threads: 1` does without threads.',
    cause,
  })
}

export function disposed(): BackendError {
  return new BackendError({
    code: 'BACKEND_DISPOSED',
    subject,
    expected: 'a backend in use',
    found: 'one whose dispose() was called',
    nextStep: 'Load the model again.',
  })
}

export function freedTensor(): BackendError {
  return new BackendError({
    code: 'BACKEND_TENSOR_FREED',
    subject: 'a tensor',
    expected: 'one that is in use',
    found: 'one that was freed, or whose scope has ended',
    nextStep: 'Return it from its scope, and free it after the last use.',
  })
}

export function outOfMemory(bytes: number, cause: unknown): BackendError {
  return new BackendError({
    code: 'BACKEND_OUT_OF_MEMORY',
    subject,
    expected: `${Math.ceil(bytes / 2 ** 20)} MiB of WebAssembly memory (2048 at most)`,
    found: 'that the system gives no more',
    nextStep: "Run fewer tokens at a time, or take a smaller dtype: 'q8' needs a quarter of 'fp32'.",
    cause,
  })
}

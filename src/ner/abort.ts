/** Waits for an AbortSignal. Many calls may share one, so it gets a single listener: Node warns of more than ten. */

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `callback` when the signal is aborted. → a function that cancels this */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const waiting = listeners.get(signal) ?? listen(signal)
  waiting.add(callback)
  return () => {
    waiting.delete(callback)
    if (waiting.size === 0) stop(signal)
  }
}

const stops = new WeakMap<AbortSignal, () => void>()

function listen(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>()
  const tell = () => {
    for (const callback of [...waiting]) callback()
  }
  signal.addEventListener('abort', tell)
  listeners.set(signal, waiting)
  stops.set(signal, () => {
    signal.removeEventListener('abort', tell)
  })
  return waiting
}

/** Removes the listener: a signal may live as long as the program, and must not keep finished calls in memory. */
function stop(signal: AbortSignal): void {
  stops.get(signal)?.()
  stops.delete(signal)
  listeners.delete(signal)
}

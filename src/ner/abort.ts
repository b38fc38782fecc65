/** Waiting for an AbortSignal. Many calls may share one: it gets a single listener, since Node warns of more than ten. */

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `callback` once the signal is aborted. → takes it back */
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

/** A signal that lives as long as the program must not hold what nobody waits for. */
function stop(signal: AbortSignal): void {
  stops.get(signal)?.()
  stops.delete(signal)
  listeners.delete(signal)
}

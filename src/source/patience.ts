/** Patience with a network: an end to silence, and another try after a pause. */

/** Aborts after so many milliseconds in which `alive` was not called. One timer, for `alive` is called thousands of times. */
export function silenceLimit(timeout: number) {
  const controller = new AbortController()
  let last = Date.now()
  let timer: ReturnType<typeof setTimeout>
  const look = () => {
    const left = last + timeout - Date.now()
    if (left <= 0) controller.abort()
    else timer = setTimeout(look, left)
  }
  look()
  const alive = () => {
    last = Date.now()
  }
  return { controller, alive, stop: () => clearTimeout(timer) }
}

const LONGEST_PAUSE = 10_000

/** Tries again after as many milliseconds as `pauseAfter` says; undefined if no further try is of use. */
export async function retry<T>(
  attempt: () => Promise<T>,
  pauseAfter: (error: unknown, failures: number) => number | undefined,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      const pause = pauseAfter(error, failures)
      if (pause === undefined) throw error
      await sleep(pause)
    }
  }
}

/** Milliseconds after so many failures: doubled each time, and with jitter, for processes that failed together must not come back so. */
export function backOff(first: number, failures: number): number {
  return Math.min(LONGEST_PAUSE, first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}

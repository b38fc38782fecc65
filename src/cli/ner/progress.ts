/** What a person sees of long work: a bar on standard error, while that is a terminal and results go elsewhere. */
import { makeBar } from '../progress-bar.ts'

export interface Progress {
  /** One more text is done; `bytes` of the input are behind us. */
  advance(bytes: number): void
  stop(): void
}

const SILENT: Progress = { advance: () => undefined, stop: () => undefined }

/** Milliseconds from one drawing to the next. What takes less than one is not worth a bar. */
const INTERVAL = 1000

/** `total`: bytes of the input, where they are known. */
export async function startProgress(total: number | undefined): Promise<Progress> {
  if (!process.stderr.isTTY || process.stdout.isTTY || process.env.TERM === 'dumb') return SILENT
  const { bar, stop: stopBar } = await makeBar(
    `${total === undefined ? '' : '{bar} {percentage}% | '}{texts} texts | {speed} texts/s | {passed} s`,
  )
  const start = performance.now()
  let texts = 0
  let done = 0
  // By the clock, not by the texts: a single long one would look as if nothing happened.
  const timer = setInterval(() => {
    const passed = (performance.now() - start) / 1000
    const speed = texts / passed
    const state = { texts, speed: speed.toFixed(speed < 10 ? 1 : 0), passed: Math.round(passed) }
    if (bar.isActive) bar.update(done, state)
    else bar.start(total ?? 0, done, state)
  }, INTERVAL)
  return {
    advance(bytes) {
      texts++
      done = bytes
    },
    stop() {
      clearInterval(timer)
      stopBar()
    },
  }
}

/** A progress bar on standard error, while that is a terminal. Ended or failed, it is gone. */

export interface Progress {
  /** `count` units are done, and `position` of the total is behind us. */
  update(count: number, position: number, total?: number): void
  stop(): void
}

export interface ProgressOptions {
  /** In what work is counted: `texts`, `tokens`. */
  readonly unit: string
  /** The end of `position`, if it is known. */
  readonly total?: number | undefined
  /** Results appear on standard output while work goes on: no bar if that is a terminal too. */
  readonly isInterleaved: boolean
}

/** Milliseconds from one drawing to the next. Work that takes less than one is not worth a bar. */
const INTERVAL = 1000

export async function startProgress({ unit, total: given, isInterleaved }: ProgressOptions): Promise<Progress> {
  const isHidden = !process.stderr.isTTY || process.env.TERM === 'dumb' || (isInterleaved && process.stdout.isTTY)
  if (isHidden) return { update: () => undefined, stop: () => undefined }
  const { cliProgress } = await import('./vendor/progress.ts')
  const start = performance.now()
  let [count, position, total] = [0, 0, given]
  const bar = new cliProgress.SingleBar({
    format: `${given === undefined && isInterleaved ? '' : '{bar} {percentage}% | '}{count} ${unit} | {speed} ${unit}/s | {passed} s`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  // By the clock, not by what is done: a single long text would look as if nothing happened.
  const timer = setInterval(() => {
    const passed = (performance.now() - start) / 1000
    const speed = count / passed
    const state = {
      count: count.toLocaleString('en'),
      speed: speed.toFixed(speed < 10 ? 1 : 0),
      passed: Math.round(passed),
    }
    if (bar.isActive) bar.update(position, state)
    else bar.start(total ?? 0, position, state)
  }, INTERVAL)
  const stop = () => {
    clearInterval(timer)
    if (bar.isActive) bar.stop()
  }
  // Whatever ends the process gives the terminal its cursor back.
  process.once('exit', stop)
  return {
    update(newCount, newPosition, newTotal = total) {
      ;[count, position, total] = [newCount, newPosition, newTotal]
      if (bar.isActive && total !== undefined) bar.setTotal(total)
    },
    stop,
  }
}

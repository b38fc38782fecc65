/** A progress bar on standard error while it is a terminal, with pieces per second; else nothing. */
import { makeBar } from '../progress-bar.ts'

export interface Progress {
  update(done: number, total: number): void
  stop(): void
}

export async function startProgress(): Promise<Progress> {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined }
  const { bar, stop } = await makeBar(
    '{bar} {percentage}% | {value}/{total} tokens | {speed} tokens/s | {eta_formatted} left',
  )
  const start = performance.now()
  return {
    update(done, total) {
      const speed = Math.round((1000 * done) / (performance.now() - start))
      if (bar.isActive) bar.update(done, { speed })
      else bar.start(total, done, { speed })
    },
    stop,
  }
}

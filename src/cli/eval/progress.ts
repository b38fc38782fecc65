/** A progress bar on standard error while it is a terminal, with pieces per second; else nothing. */
export interface Progress {
  update(done: number, total: number): void
  stop(): void
}

export async function startProgress(): Promise<Progress> {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined }
  const { cliProgress } = await import('../vendor/progress.ts')
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}% | {value}/{total} tokens | {speed} tokens/s | {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  const start = performance.now()
  let started = false
  return {
    update(done, total) {
      const speed = Math.round((1000 * done) / (performance.now() - start))
      if (!started) bar.start(total, 0, { speed })
      started = true
      bar.update(done, { speed })
    },
    stop() {
      if (started) bar.stop()
    },
  }
}

/** What a person sees of long work: a bar on standard error, while that is a terminal and results go elsewhere. */

export interface Progress {
  /** One more text is done; `bytes` of the input are behind us. */
  advance(bytes: number): void
  stop(): void
}

const SILENT: Progress = { advance: () => undefined, stop: () => undefined }

/** Milliseconds. What takes less is not worth a bar. */
const PATIENCE = 1000

/** `total`: bytes of the input, where they are known. */
export async function startProgress(total: number | undefined): Promise<Progress> {
  if (!process.stderr.isTTY || process.stdout.isTTY) return SILENT
  const { cliProgress } = await import('../vendor/progress.ts')
  const bar = new cliProgress.SingleBar({
    format:
      total === undefined ? '{texts} texts | {speed} texts/s' : '{bar} {percentage}% | {texts} texts | {speed} texts/s',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  const start = performance.now()
  let texts = 0
  let isShown = false
  return {
    advance(bytes) {
      texts++
      const passed = performance.now() - start
      if (passed < PATIENCE) return
      const state = { texts, speed: Math.round((1000 * texts) / passed) }
      if (isShown) bar.update(bytes, state)
      else bar.start(total ?? 0, bytes, state)
      isShown = true
    },
    stop() {
      if (isShown) bar.stop()
    },
  }
}
